/** What the page on operations says to put into files, put there. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse as parseYaml } from 'yaml'
import { root } from '../../scripts/import-graph.ts'
import { stage } from '../e2e/rig.ts'
import { ofLanguage } from './pages.ts'

const page = readFileSync(join(root, 'docs/guide/operations.md'), 'utf8')

/** The words behind `spillway` or in `args`, and whether the command line knows them. */
function check(words: readonly string[]): void {
  const help = execFileSync(process.execPath, ['src/cli/main.ts', words[0]!, '--help'], { cwd: root, encoding: 'utf8' })
  for (const word of words.filter((one) => one.startsWith('--'))) assert.ok(help.includes(`${word} `), word)
}

test('systemd takes the units of the page as they stand', (t) => {
  const [[service], [socket]] = [ofLanguage('ini service'), ofLanguage('ini socket')]
  check(/^ExecStart=\S+ (.*)$/m.exec(service!.text)![1]!.split(' '))
  assert.match(service!.text, /^ExecReload=.*-USR2 \$MAINPID$/m)
  if (spawnSync('systemd-analyze', ['--version']).status !== 0) return t.skip('systemd-analyze is not here')
  const folder = mkdtempSync(join(tmpdir(), 'spillway-units-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(folder, { recursive: true })
  const unit = join(folder, 'spillway.service')
  // The one thing that is not on this machine.
  writeFileSync(unit, service!.text.replace('/usr/bin/spillway', process.execPath))
  writeFileSync(join(folder, 'spillway.socket'), socket!.text)
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', unit, join(folder, 'spillway.socket')], {
    encoding: 'utf8',
    env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
  })
  assert.deepEqual([status, stderr.split('\n').filter((line) => line.includes('spillway'))], [0, []])
})

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly containers: readonly [
          {
            readonly args: readonly string[]
            readonly readinessProbe: { readonly httpGet: { readonly path: string } }
            readonly livenessProbe: { readonly httpGet: { readonly path: string } }
            readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } }
          },
        ]
      }
    }
  }
}

test('the deployment of the page asks for what there is, and leaves time to end', async (t) => {
  const [block] = ofLanguage('yaml kubernetes')
  const { spec } = (parseYaml(block!.text) as Deployment).spec.template
  const [{ args, readinessProbe, livenessProbe, lifecycle }] = spec.containers
  check(args)
  const { url, gateway } = await stage(t, 'ollama')
  for (const { httpGet } of [readinessProbe, livenessProbe])
    assert.equal((await fetch(`${url}${httpGet.path}`)).status, 200, httpGet.path)
  const { drainMs = 0 } = gateway.settings.timeouts
  assert.ok(spec.terminationGracePeriodSeconds * 1_000 > lifecycle.preStop.sleep.seconds * 1_000 + drainMs)
})

test('every metric that the page names is one, and every key', () => {
  const metrics = readFileSync(join(root, 'src/telemetry/metrics.ts'), 'utf8')
  const named = Array.from(page.matchAll(/\bspillway_\w+/g), ([name]) => name)
  assert.ok(named.length >= 3)
  for (const name of named) assert.ok(metrics.includes(`'${name}'`), name)
  const schema = JSON.parse(readFileSync(join(root, 'spillway.schema.json'), 'utf8')) as {
    properties: { timeouts: { properties: object } }
  }
  const keys = new Set(Object.keys(schema.properties.timeouts.properties))
  for (const [, key] of page.matchAll(/`timeouts\.(\w+)/g)) assert.ok(keys.has(key!), key)
})
