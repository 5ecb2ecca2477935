import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestRow } from '../recording/rows.ts'
import { chanceOf } from './chance.ts'
import { blocksOf, Prefixes, tokensIn } from './prefixes.ts'
import { replayOf } from './replay.ts'
import type { Errand } from './workload.ts'

const row = (over: Partial<RequestRow>): RequestRow => ({
  type: 'request',
  at: 1_000,
  caller: 'chat',
  model: 'm',
  dialect: 'openai-chat',
  stream: true,
  priority: 'default',
  cloud: 'allowed',
  patience_ms: 8_000,
  needs: ['chat'],
  prompt_tokens: 1_000,
  upstream: 'gpu-1',
  attempts: 1,
  wait_ms: 0,
  total_ms: 2_000,
  output_tokens: 50,
  ...over,
})

const replayed = (...rows: RequestRow[]): Errand[] => [
  ...replayOf(rows, {
    callerOf: ({ caller: name, priority, cloud }) => ({ name, weight: 1, priority, cloud, patienceMs: undefined }),
    chance: chanceOf(1, 'test'),
    beganAt: 1_000,
  }),
]

const promptOf = ({ preamble, question }: Errand): string => `${preamble}\n${question}\n`

test('a request is asked again at its moment, as long as it was, and answered as long', () => {
  const [, errand] = replayed(row({}), row({ at: 61_000, prompt_tokens: 731, output_tokens: 77, output_max: 90 }))
  assert.equal(errand!.atMs, 60_000)
  assert.equal(tokensIn(promptOf(errand!)), 731)
  assert.equal(errand!.words, 77)
  assert.match(errand!.question, /say 77 words/)
  assert.equal(errand!.wordsMax, 90)
  assert.equal(errand!.hangsUpAfterMs, undefined)
})

test('who left leaves again after as long, from an answer that would have become longer', () => {
  const errands = replayed(
    row({ output_tokens: 300 }),
    row({ output_tokens: 20 }),
    row({ fault: 'cancelled', output_tokens: 30 }),
  )
  assert.equal(errands[2]!.hangsUpAfterMs, 2_000)
  assert.equal(errands[2]!.words, 300)
})

test('who was refused asks again for what its caller and model usually get', () => {
  const others = [40, 60].map((tokens) => row({ output_tokens: tokens }))
  const strangers = [1_000, 2_000].map((tokens) => row({ caller: 'nightly', output_tokens: tokens }))
  const refused = row({ fault: 'queue-full', attempts: 0, upstream: undefined, output_tokens: 0 })
  const errands = replayed(...others, ...strangers, ...Array.from({ length: 20 }, () => refused))
  const drawn = errands.slice(4).map(({ words }) => words)
  assert.deepEqual(new Set(drawn), new Set([40, 60]))
})

/** Of each prompt, as much as a server that remembers everything has of it already. */
function cachedOf(errands: readonly Errand[]): number[] {
  const server = new Prefixes(Infinity)
  return errands.map((errand) => {
    const blocks = blocksOf(promptOf(errand))
    const known = server.cached(blocks)
    server.keep(blocks)
    return known
  })
}

test('prompts that began alike begin alike, as far as the server had them', () => {
  const blocks = { block_tokens: 256 }
  const errands = replayed(
    row({ ...blocks, blocks: [0, 1, 2] }),
    row({ ...blocks, blocks: [0, 1, 3], cached_tokens: 512 }),
    row({ ...blocks, blocks: [0, 4, 5], cached_tokens: 256 + 128 }),
    row({ ...blocks, blocks: [6, 7, 8] }),
    row({ caller: 'short', prompt_tokens: 200 }),
    row({ caller: 'short', prompt_tokens: 200, cached_tokens: 128 }),
  )
  assert.deepEqual(cachedOf(errands), [0, 512, 384, 0, 0, 128])
  for (const errand of errands.slice(0, 4)) assert.equal(tokensIn(promptOf(errand)), 1_000)
})

test('blocks of nearly the same size are the same text', () => {
  const blocks = Array.from({ length: 12 }, (_, at) => at)
  const all = [250, 256, 262].map((tokens) => row({ blocks, block_tokens: tokens, prompt_tokens: 3_200 }))
  assert.deepEqual(cachedOf(replayed(...all)), [0, 3_072, 3_072])
})

test('vectors are asked for as vectors, of a text as long', () => {
  const [errand] = replayed(
    row({ dialect: 'openai-embeddings', needs: ['vectors'], prompt_tokens: 300, output_tokens: 0, stream: false }),
  )
  assert.equal(errand!.wants, 'vectors')
  assert.deepEqual(errand!.texts!.map(tokensIn), [300])
})
