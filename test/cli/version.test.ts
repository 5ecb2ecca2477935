import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'

/** The files that a process loaded, by the traces its engine left in a folder. */
function loadedIn(traces: string): string[] {
  return readdirSync(traces)
    .flatMap((name) => {
      const { result } = JSON.parse(readFileSync(join(traces, name), 'utf8')) as { result: { url: string }[] }
      return result.map(({ url }) => url)
    })
    .filter((url) => url.startsWith('file:'))
}

test('--version loads nothing that it does not need, so that a script may ask it often', async (t) => {
  const traces = folderWith(t, {})
  const { code } = await spillway(t, ['--version'], { env: { NODE_V8_COVERAGE: traces } }).ended
  assert.equal(code, 0)
  const loaded = loadedIn(traces).filter((url) => !url.includes('/node_modules/commander/'))
  assert.deepEqual(
    loaded.map((url) => url.replace(/^.*\/src\//, 'src/')),
    ['src/cli/main.ts', 'src/version.ts'],
  )
})
