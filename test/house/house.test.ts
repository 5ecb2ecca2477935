import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { houseOf, importsIn, readSources, root } from '../../scripts/import-graph.ts'

/** Where time, chance and the network come in as a World, and in no other way. */
const engine = new Set([
  'core',
  'dialects',
  'backends',
  'policies',
  'fleet',
  'scheduler',
  'dispatch',
  'layers',
  'gateway.ts',
])

const text = (path: string): string => readFileSync(join(root, path), 'utf8')

const sources = readSources().map(({ path }) => path)

/** Everything a person wrote, but for recorded bytes and this file, which has to name what it forbids. */
const written = ['src', 'test', 'bench', 'scripts', 'docs', 'bin', '.ci']
  .flatMap((folder) => (existsSync(join(root, folder)) ? filesIn(folder) : []))
  .concat(readdirSync(root).filter((name) => /\.(md|json|yaml|ts)$/.test(name)))
  .filter((path) => !path.startsWith('test/fixtures/') && path !== 'test/house/house.test.ts')

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
}

const linesWith = (paths: readonly string[], pattern: RegExp): readonly string[] =>
  paths.flatMap((path) =>
    text(path)
      .split('\n')
      .flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  )

test('no source file is longer than one can hold in mind', () => {
  const long = sources.map((path) => [path, text(path).split('\n').length] as const).filter(([, lines]) => lines > 420)
  assert.deepEqual(long, [])
})

test('the engine asks the World for time and chance, and the network', () => {
  const pattern =
    /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bMath\.random\(|\bset(Timeout|Interval|Immediate)\(|\bfetch\(|\brandomUUID\(/
  assert.deepEqual(
    linesWith(
      sources.filter((path) => engine.has(houseOf(path))),
      pattern,
    ),
    [],
  )
})

test('the engine knows no module that touches the machine', () => {
  const wrong = readSources().flatMap(({ path, packages }) =>
    engine.has(houseOf(path))
      ? packages
          .filter((name) => /^node:(fs|net|http|https|dns|tls|os|child_process|timers|process|perf_hooks)\b/.test(name))
          .map((name) => `${path} → ${name}`)
      : [],
  )
  assert.deepEqual(wrong, [])
})

test('only the supervisor can start a process, and only one program', () => {
  const able = linesWith(sources, /from 'node:(child_process|cluster)'/).filter((line) => !line.includes('import type'))
  assert.deepEqual(able, ["src/cli/supervise.ts:1: import { type ChildProcess, spawn } from 'node:child_process'"])
})

test('only the books of the ledger and the plays of plans have threads of their own', () => {
  const able = linesWith(sources, /from 'node:worker_threads'/)
  assert.deepEqual(
    able.filter((line) => !/^src\/(ledger|planning)\//.test(line)),
    [],
  )
})

test('nothing is left for later', () => {
  assert.deepEqual(linesWith(written, /\b(TODO|FIXME|XXX|HACK)\b/), [])
})

test('nothing speaks of the machine it was written on, nor of where packages came from', () => {
  assert.deepEqual(linesWith(written, /(^|[^\w.])\/(work|root|home)\/\w|registry\.npmjs|npm\.pkg\.github/), [])
  assert.doesNotMatch(text('package-lock.json'), /"resolved"/)
})

test('nothing refers to a numbered issue that a reader cannot see', () => {
  const prose = written.filter((path) => /\.(md|ts)$/.test(path))
  assert.deepEqual(linesWith(prose, /(^|[\s(])(GH-|issue\s+|PR\s+)?#\d+\b/i), [])
})

test('the licence is in the box', () => {
  assert.match(text('LICENSE'), /Apache License\s+Version 2\.0, January 2004/)
  assert.match(text('LICENSE'), /END OF TERMS AND CONDITIONS/)
  assert.equal((JSON.parse(text('package.json')) as { license: string }).license, 'Apache-2.0')
})

test('a Node that package.json does not name is told so in one sentence, and one that it names is not', () => {
  const { engines } = JSON.parse(text('package.json')) as { engines: { node: string } }
  assert.equal(engines.node, '>=24.16.0 <25 || >=26.1.0')
  const script = pathToFileURL(join(root, 'scripts/node-version.js')).href
  const runOn = (version: string): { status: number | null; said: string } => {
    const code = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } }); await import('${script}')`
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
      encoding: 'utf8',
    })
    return { status, said: stderr }
  }
  for (const version of ['18.20.8', '24.15.0', '25.9.0', '26.0.0']) {
    const { status, said } = runOn(version)
    assert.equal(status, 1, version)
    assert.match(said, /^Spillway needs Node 24\.16 or newer .*\n$/)
  }
  for (const version of ['24.16.0', '24.21.0', '26.1.0', '27.0.0'])
    assert.deepEqual(runOn(version), { status: 0, said: '' })
})

test('the scanner sees every way to import', () => {
  const code = `
import { a } from './a.ts'
import type { B } from './b.ts'
import {
  type C,
  d,
} from './c.ts'
import './e.ts'
export { f } from './f.ts'
export type { G } from './g.ts'
export * from './h.ts'
const i = await import('./i.ts')
type J = import('./j.ts').J
import k, { l } from 'package'
const none = "import x from './none.ts'"
`
  assert.deepEqual(
    importsIn(code).sort(),
    'abcefghij'
      .split('')
      .map((name) => `./${name}.ts`)
      .concat('package'),
  )
})
