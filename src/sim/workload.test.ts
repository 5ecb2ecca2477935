import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { chanceOf } from './chance.ts'
import { blocksOf, blockTokens } from './prefixes.ts'
import { readTrace } from './traces.ts'
import { bursts, type Errand, errandsOf, poisson, usualWorkload, type Workload } from './workload.ts'

const traces = new URL('../../test/sim/traces/', import.meta.url)
const rowsOf = (file: string): ReturnType<typeof readTrace> => readTrace(readFileSync(new URL(file, traces), 'utf8'))
const errands = (changes: Partial<Workload>, requests = 4_000, seed = 1): Errand[] => [
  ...errandsOf({ ...usualWorkload, ...changes }, requests, (purpose) => chanceOf(seed, purpose)),
]

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

test('Poisson arrivals come at their rate, with gaps as spread as they are long', () => {
  const all = errands({ arrivals: poisson(5) })
  const gaps = all.slice(1).map(({ atMs }, index) => atMs - all[index]!.atMs)
  const spread = Math.sqrt(mean(gaps.map((gap) => (gap - mean(gaps)) ** 2)))
  assert.ok(Math.abs(mean(gaps) - 200) < 10)
  assert.ok(Math.abs(spread / mean(gaps) - 1) < 0.1)
})

test('bursts keep the rate on the whole and exceed it in a fifth of the time', () => {
  const all = errands({ arrivals: bursts(5) })
  const inBursts = all.filter(({ atMs }) => atMs % 240_000 < 48_000).length / all.length
  assert.ok(Math.abs(inBursts - 0.5) < 0.07, `${inBursts}`)
  assert.ok(Math.abs(all.length / (all.at(-1)!.atMs / 1_000) - 5) < 0.5)
})

test('sizes and shares are those that were asked for', () => {
  const all = errands({ hangUps: 0.2 })
  const share = (claim: (errand: Errand) => boolean): number => all.filter(claim).length / all.length
  assert.ok(Math.abs(mean(all.map(({ words }) => words)) - 40) < 2)
  assert.ok(Math.abs(mean(all.map(({ preamble }) => preamble.length)) / 1_600 - 1) < 0.1)
  assert.ok(Math.abs(share(({ dialect }) => dialect === 'ollama-chat') - 0.4) < 0.03)
  assert.ok(Math.abs(share(({ hangsUpAfterMs }) => hangsUpAfterMs !== undefined) - 0.2) < 0.03)
  assert.ok(Math.abs(share(({ caller }) => caller.name === 'chat-ui') - 5 / 11) < 0.03)
})

test('a caller with a size of its own gets answers of that size, and the others of the usual one', () => {
  const [first, ...others] = usualWorkload.callers
  const own = { ...first!, of: { ...first!.of, outputTokens: { mean: 200, sigma: 0, most: 400 } } }
  const all = errands({ callers: [own, ...others] })
  const [its, theirs] = [true, false].map((is) => all.filter(({ caller }) => (caller.name === own.of.name) === is))
  assert.ok(its!.every(({ words }) => words === 200))
  assert.ok(Math.abs(mean(theirs!.map(({ words }) => words)) - 40) < 2)
})

test('who asks in several dialects does so in their shares, and who wants vectors asks the model that makes them', () => {
  const dialects = [
    { share: 3, of: 'anthropic-messages' as const },
    { share: 1, of: 'openai-completions' as const },
  ]
  const all = errands({ dialects, vectors: { share: 0.3, model: 'embedder' }, tools: 0.2 })
  const share = (claim: (errand: Errand) => boolean): number => all.filter(claim).length / all.length
  assert.ok(Math.abs(share(({ wants }) => wants === 'vectors') - 0.3) < 0.03)
  assert.ok(
    all.every(
      ({ wants, model, stream }) =>
        (wants === 'vectors') === (model === 'embedder') && !(wants === 'vectors' && stream),
    ),
  )
  assert.ok(Math.abs(share(({ dialect }) => dialect === 'anthropic-messages') - 0.7 * 0.75) < 0.03)
  assert.ok(
    all.every(({ dialect, wants }) => dialect !== 'openai-completions' || wants === 'words'),
    'a plain text has no tools',
  )
})

test('one more who hangs up changes nothing else about anybody', () => {
  const plain = errands({ hangUps: 0 }, 100)
  const leaving = errands({ hangUps: 0.5 }, 100)
  assert.deepEqual(
    leaving.map((errand) => ({ ...errand, hangsUpAfterMs: undefined })),
    plain,
  )
})

test('an Azure trace is read to the tenth of a microsecond and can be squeezed to a rate', () => {
  const rows = rowsOf('azure_llm_2023_code_first500.csv')
  assert.equal(rows.length, 500)
  assert.deepEqual(rows[0], { atMs: 0, promptTokens: 4_808, outputTokens: 10, blocks: undefined })
  assert.ok(Math.abs(rows[1]!.atMs - 52) < 0.001)
  const all = errands({ arrivals: { type: 'trace', rows, perSecond: 10 } }, 1_000)
  assert.ok(Math.abs(all.at(-1)!.atMs / 1_000 - 100) < 1)
  assert.equal(all[0]!.preamble.length, 4_808 * 4)
  assert.equal(all[500]!.words, 10)
})

test('in a Mooncake trace what has the same prefix blocks has the same beginning', () => {
  const rows = rowsOf('mooncake_conversation_first500.jsonl')
  assert.equal(rows.length, 500)
  assert.deepEqual([rows[0]!.promptTokens, rows[0]!.outputTokens, rows[0]!.blocks!.length], [6_758, 500, 14])
  const all = errands({ arrivals: { type: 'trace', rows, perSecond: undefined } }, 500)
  const marks = all.map(({ preamble }) => blocksOf(preamble))
  const common = (one: number, other: number): number => {
    let count = 0
    while (count < rows[one]!.blocks!.length && rows[one]!.blocks![count] === rows[other]!.blocks![count]) count += 1
    return count
  }
  for (let row = 1; row < 60; row += 1) {
    const blocks = common(row - 1, row)
    const shared = marks[row]!.findIndex((mark, at) => mark !== marks[row - 1]![at])
    // The blocks of a server are smaller: what two rows share is whole blocks of the trace.
    assert.equal(Math.floor((shared * blockTokens) / 512), blocks, `row ${row}`)
  }
})

test('what is no trace is refused with a reason', () => {
  assert.throws(() => readTrace('a,b,c\n1,2,3\n'), /no trace/)
  assert.throws(() => readTrace('TIMESTAMP,ContextTokens,GeneratedTokens\nnow,1,2\n'), /Line 2/)
  assert.throws(() => readTrace('TIMESTAMP,ContextTokens,GeneratedTokens\n'), /no rows/)
})
