/**
 * Runs all tests, or those in the files given: `npm test -- src/fleet`.
 * What was skipped is named at the end, with the reason: a suite must not shrink unseen.
 * Files `*.alone.test.ts` measure what this machine can do. They go last, one after the other, and nothing beside them.
 */
import { globSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const wanted = process.argv.slice(2)
const patterns = wanted.length === 0 ? ['src', 'test'] : wanted
const files = patterns.flatMap((name) => globSync(isFolder(name) ? `${name}/**/*.test.ts` : name)).sort()
if (files.length === 0) {
  console.error(`There are no tests in ${patterns.join(', ')}.`)
  process.exit(1)
}

// Each file runs in a process of its own, and most of them read the same sources.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'spillway-compile-cache')

// Whatever a test starts without a folder for its data leaves that of whoever runs the tests alone.
const data = mkdtempSync(join(tmpdir(), 'spillway-tests-'))
process.env['XDG_DATA_HOME'] = data
process.on('exit', () => rmSync(data, { recursive: true, force: true }))

const skipped: string[] = []
const isAlone = (file: string): boolean => file.endsWith('.alone.test.ts')
// Some files wait for a clock or a program more than they compute.
await runAll(
  files.filter((file) => !isAlone(file)),
  availableParallelism() + 1,
  1_000_000,
)
// However long the others took, these have their time.
await runAll(files.filter(isAlone), 1, 100_000)
if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((name) => `  ${name}`).join('\n')}`)

async function runAll(some: readonly string[], concurrency: number, mostMs: number): Promise<void> {
  if (some.length === 0) return
  // A file that leaves something open never ends by itself; the signal ends it, and its name is told.
  const tests = run({
    files: some,
    concurrency,
    timeout: 60_000,
    signal: AbortSignal.timeout(mostMs),
    execArgv: ['--import', new URL('test-unwatched.ts', import.meta.url).href],
  })
  tests.on('test:pass', ({ name, skip }) => {
    if (skip !== undefined) skipped.push(typeof skip === 'string' ? `${name} (${skip})` : name)
  })
  tests.on('test:fail', () => {
    process.exitCode = 1
  })
  for await (const text of tests.compose(new spec())) process.stdout.write(text)
}

function isFolder(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() === true
}
