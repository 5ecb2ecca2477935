import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { ollamaLike } from '../sim/server-spec.ts'
import { tuned } from '../trial/tuning/tuned.test-helper.ts'
import { model } from '../trial/world.test-helper.ts'
import { jsonOf, linesOf, type Tuned } from './tune-view.ts'

const size = { promptTokens: 256, outputTokens: 64 }

async function found(): Promise<Tuned> {
  const models = [{ name: model, contextTokens: 8_192 }]
  const tuning = await tuned(ollamaLike({ name: 'box', models, engine: { memoryTokens: 1e6 } }))
  return { upstream: 'box', model, ...size, bounds: {}, tuning, warnings: [] }
}

const page = readFileSync(new URL('../../docs/guide/tune.md', import.meta.url), 'utf8')

/** Without figures, which are those of a simulated server, and without the curves drawn by them. */
const shapeOf = (lines: readonly string[]): string[] =>
  [
    ...lines.slice(0, lines.indexOf('tokens/s')),
    ...lines.slice(lines.findIndex((line) => line.startsWith('conc'))),
  ].map((line) =>
    line
      .replaceAll(/[\d.]*\d/g, '#')
      .replaceAll(/ +/g, ' ')
      .trim(),
  )

test('the page on tuning shows what the command says of a server of four slots', async () => {
  const [, shown] = /^```text\n([^`]*)^```$/m.exec(page)!
  const said = linesOf(await found(), 80).map((line) => stripVTControlCharacters(line))
  assert.deepEqual(shapeOf(shown!.trimEnd().split('\n')).slice(0, -1), shapeOf(said), said.join('\n'))
})

test('the page on tuning names the fields of --json as they are', async () => {
  const [, shown] = /^```json\n([^`]*)^```$/m.exec(page)!
  const told = JSON.parse(shown!) as Told
  const view = JSON.parse(JSON.stringify({ ...jsonOf(await found()), written: null })) as Told
  assert.deepEqual(Object.keys(told), Object.keys(view))
  assert.deepEqual(Object.keys(told.steps[0]!), Object.keys(view.steps[0]!))
  assert.equal(told.concurrency, view.concurrency)
})

interface Told {
  readonly concurrency: number
  readonly steps: readonly object[]
}
