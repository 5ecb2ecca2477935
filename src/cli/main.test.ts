import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkCommand } from './check.ts'
import { demoCommand } from './demo.ts'
import { doctorCommand } from './doctor/command.ts'
import { spillway } from './process.test-helper.ts'
import { serveCommand } from './serve.ts'
import { simulateCommand } from './simulate.ts'
import { tuneCommand } from './tune.ts'

const rootOf = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))

test('--version is that of the package', async (t) => {
  const { version } = JSON.parse(readFileSync(rootOf('package.json'), 'utf8')) as { version: string }
  assert.deepEqual(await spillway(t, ['--version']).ended, { code: 0, out: `${version}\n`, err: '' })
})

test('--help names every command, and the help of each has examples', async (t) => {
  const { code, out } = await spillway(t, ['--help']).ended
  assert.equal(code, 0)
  const commands = [serveCommand(), checkCommand(), doctorCommand(), simulateCommand(), tuneCommand(), demoCommand()]
  for (const command of commands) {
    const name = command.name()
    assert.match(out, new RegExp(`^  ${name} \\[`, 'm'))
    let help = ''
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
    assert.match(help, new RegExp(`\nExamples:\n  spillway ${name}`))
  }
})

test('a command that does not exist, or an option, is one sentence with a hint and exit code 1', async (t) => {
  const [command, option, inherited] = await Promise.all([
    spillway(t, ['srve']).ended,
    spillway(t, ['check', '--prob']).ended,
    spillway(t, ['constructor']).ended,
  ])
  assert.match(command.err, /unknown command 'srve'\n\(Did you mean serve\?\)/)
  assert.match(option.err, /unknown option '--prob'\n\(Did you mean --probe\?\)/)
  assert.deepEqual([command.code, option.code, inherited.code], [1, 1, 1])
})

/** What the installed command says when it is run by a Node of this version. */
function saidOn(version: string): { readonly status: number | null; readonly said: string } {
  const bin = readFileSync(rootOf('bin/spillway.js'), 'utf8')
  // Instead of the built package, which a checkout does not have.
  const script = bin.replace(/^#!.*/, '').replace("void import('../dist/cli/main.js')", "console.error('started')")
  const node = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } });
    Object.defineProperty(process, 'version', { value: 'v${version}' });`
  const { status, stderr } = spawnSync(process.execPath, ['--eval', node + script], { encoding: 'utf8' })
  return { status, said: stderr }
}

test('an old Node is told in one sentence which one is needed', () => {
  for (const version of ['12.22.12', '20.20.2', '24.15.0', '25.9.0', '26.0.0']) {
    assert.deepEqual(saidOn(version), {
      status: 1,
      said: `Spillway needs Node 24.16 or newer (not 25); this is v${version}.\n`,
    })
  }
  for (const version of ['24.16.0', '26.1.0', '27.0.0'])
    assert.deepEqual(saidOn(version), { status: 0, said: 'started\n' })
})
