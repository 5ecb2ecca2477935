import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { drawn, folderGraph, houseOf, readSources, root, withGraph } from '../../scripts/import-graph.ts'

/**
 * Who may know whom. An arrow that is not here is a question to answer in review, and usually the answer is a noun that is
 * missing in `core`.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  dialects: ['core'],
  backends: ['core'],
  policies: ['core'],
  fleet: ['core'],
  telemetry: ['core'],
  layers: ['core'],
  ledger: ['core'],
  accounts: ['core'],
  // What is taken down of requests to be played again.
  recording: ['core'],
  // Load on anything that serves, and what is measured of it.
  trial: ['core', 'dialects', 'gateway.ts'],
  // Pictures of numbers, for files and for terminals.
  plots: [],
  keys: ['core', 'ledger'],
  scheduler: ['core', 'fleet'],
  dispatch: ['core', 'fleet', 'scheduler', 'dialects'],
  config: ['core', 'backends', 'policies', 'accounts'],
  'gateway.ts': [
    'core',
    'dialects',
    'backends',
    'policies',
    'fleet',
    'scheduler',
    'dispatch',
    'layers',
    'config',
    'accounts',
    'keys',
    // Of it the ledger in memory, for an application without any other.
    'ledger',
  ],
  http: ['core', 'dialects', 'telemetry', 'accounts', 'keys', 'ledger', 'gateway.ts'],
  sdk: [
    'core',
    'dialects',
    'layers',
    'config',
    'accounts',
    'keys',
    'ledger',
    'recording',
    'gateway.ts',
    'http',
    'version.ts',
  ],
  sim: ['core', 'dialects', 'backends', 'config', 'ledger', 'recording', 'gateway.ts'],
  // What would have been, had it been otherwise.
  planning: ['core', 'backends', 'config', 'ledger', 'accounts', 'recording', 'sim', 'gateway.ts'],
  cli: [
    'core',
    'backends',
    'config',
    'telemetry',
    'accounts',
    'keys',
    'ledger',
    'recording',
    'trial',
    'plots',
    'planning',
    'gateway.ts',
    'http',
    'sdk',
    'sim',
    'version.ts',
  ],
  'index.ts': ['core', 'layers', 'config', 'sdk'],
}

/** Third-party packages stay at the rim. */
const packagesOf: Readonly<Record<string, readonly string[]>> = {
  http: ['undici'],
  config: ['zod', 'yaml'],
  ledger: ['pg'],
  cli: ['commander'],
}

/** What a person or a program starts with. Whatever cannot be reached from here is dead. */
const entries = ['src/index.ts', 'src/cli/main.ts']

const files = readSources()
const byPath = new Map(files.map((file) => [file.path, file]))

test('no arrow points the wrong way', () => {
  const wrong = files.flatMap(({ path, imports }) =>
    imports
      .filter((to) => houseOf(to) !== houseOf(path) && !mayImport[houseOf(path)]?.includes(houseOf(to)))
      .map((to) => `${path} → ${to}`),
  )
  assert.deepEqual(wrong, [])
})

test('what configures reads the lists of backends and policies, never one of them', () => {
  const wrong = files
    .filter(({ path }) => houseOf(path) === 'config')
    .flatMap(({ path, imports }) =>
      imports.filter((to) => /^src\/(backends|policies)\/(?!index\.ts)/.test(to)).map((to) => `${path} → ${to}`),
    )
  assert.deepEqual(wrong, [])
})

test('third-party packages are imported at the rim and nowhere else', () => {
  const wrong = files.flatMap(({ path, packages }) =>
    packages
      .filter((name) => !name.startsWith('node:') && !packagesOf[houseOf(path)]?.includes(name))
      .map((name) => `${path} → ${name}`),
  )
  assert.deepEqual(wrong, [])
})

test('every dependency is one that the sources import', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object }
  const imported = new Set(files.flatMap(({ packages }) => packages))
  assert.deepEqual(
    Object.keys(dependencies).filter((name) => !imported.has(name)),
    [],
  )
})

test('no file imports itself by a detour', () => {
  assert.deepEqual(cycleIn(), undefined)
})

test('every import leads to a file that is there', () => {
  const astray = files.flatMap(({ path, imports }) =>
    imports.filter((to) => !byPath.has(to)).map((to) => `${path} → ${to}`),
  )
  assert.deepEqual(astray, [])
})

test('every file is reached from the library or the command line', () => {
  const reached = new Set<string>()
  const reach = (path: string): void => {
    if (reached.has(path)) return
    reached.add(path)
    byPath.get(path)?.imports.forEach(reach)
  }
  entries.forEach(reach)
  assert.deepEqual(
    files.map(({ path }) => path).filter((path) => !reached.has(path)),
    [],
  )
})

test('ARCHITECTURE.md shows the graph as it is', () => {
  const document = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const picture = drawn(folderGraph(files))
  assert.ok(document.includes(picture), `Run: npm run graph\n\n${picture}`)
  assert.equal(withGraph(document, picture), document, 'The picture stands between its markers.')
})

/** The first cycle there is, as the way round it. */
function cycleIn(): readonly string[] | undefined {
  const done = new Set<string>()
  const walk = (path: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path]
    if (done.has(path)) return undefined
    for (const to of byPath.get(path)?.imports ?? []) {
      const cycle = walk(to, [...way, path])
      if (cycle !== undefined) return cycle
    }
    done.add(path)
    return undefined
  }
  for (const { path } of files) {
    const cycle = walk(path, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}
