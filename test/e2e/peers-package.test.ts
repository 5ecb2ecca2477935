/** What gateways like this one have been seen to break by a release of somebody else's. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { folderWith, started } from '../../src/cli/process.test-helper.ts'
import { recital } from '../../src/sim/recital.ts'
import { configFor, ollama, openStream } from '../cli/rig.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly files: readonly string[]
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

const run = (cwd: string, command: string, ...words: string[]): Promise<unknown> =>
  promisify(execFile)(command, words, { cwd, env: { ...process.env, npm_config_update_notifier: 'false' } })

/** Never asks a registry: what is packed here is all there is. */
const offline = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']

/** The package as it would be published, and what it depends on as it is installed here, each packed into a file. */
async function packed(folder: string): Promise<string[]> {
  const built = join(folder, 'built')
  mkdirSync(built)
  // Whether it is well typed others see to.
  const words = ['-p', 'tsconfig.build.json', '--outDir', join(built, 'dist'), '--noCheck', '--declaration', 'false']
  await run(root, join(root, 'node_modules/.bin/tsc'), ...words)
  for (const name of globSync('**/*.html', { cwd: join(root, 'src') }))
    copyFileSync(join(root, 'src', name), join(built, 'dist', name))
  for (const name of ['package.json', ...manifest.files])
    if (name !== 'dist') cpSync(join(root, name), join(built, name), { recursive: true })
  const sources = [built, ...Object.keys(manifest.dependencies).map((name) => join(root, 'node_modules', name))]
  await run(folder, 'npm', 'pack', '--ignore-scripts', '--loglevel=error', ...sources)
  return globSync('*.tgz', { cwd: folder }).map((name) => join(folder, name))
}

/** What is installed in a folder serves a stream. */
async function streams(t: Parameters<typeof ollama>[0], app: string): Promise<void> {
  writeFileSync(join(app, 'spillway.yaml'), configFor(await ollama(t)))
  const main = join(app, 'node_modules/spillway/bin/spillway.js')
  const running = started(t, [process.execPath, main, 'serve'], { cwd: app })
  const [, url] = await running.says(/Spillway listens on (http:\S+)/)
  const { whole } = await openStream(url!, 12)
  const text = await whole
  const words = [...text.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)].map(
    ([, word]) => JSON.parse(`"${word}"`) as string,
  )
  assert.equal(words.join(''), recital('Say 12 words.'))
  assert.match(text, /\[DONE\]\s*$/)
}

test('no dependency is a range, so that what was tested is what is installed', () => {
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name)
    const there = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')
    assert.equal((JSON.parse(there) as { version: string }).version, version)
  }
})

test('a fresh install of the package streams, without a lock file and by the one that it leaves', async (t) => {
  const folder = folderWith(t, {})
  const archives = await packed(folder)
  assert.equal(archives.length, 1 + Object.keys(manifest.dependencies).length)
  const [first, second] = ['first', 'second'].map((name) => join(folder, name)) as [string, string]
  for (const app of [first, second]) mkdirSync(app)
  writeFileSync(join(first, 'package.json'), '{ "private": true }')
  await run(first, 'npm', 'install', ...offline, ...archives)
  await streams(t, first)
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(first, name), join(second, name))
  await run(second, 'npm', 'ci', ...offline)
  await streams(t, second)
})
