import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lineOf, readLine } from './line.ts'
import type { Row } from './rows.ts'

const text = fc.string({ unit: 'binary', maxLength: 30 })
const number = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e12, noNaN: true }).map(Math.abs))
const priority = fc.constantFrom('interactive', 'default', 'batch')
const cloud = fc.constantFrom('allowed', 'never')
/** Runs, steps back and repetitions. */
const manyBlocks = fc.array(fc.tuple(fc.nat(500), fc.integer({ min: 1, max: 9 })), { maxLength: 8 }).map((runs) => {
  return runs.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => first + i))
})

const plain = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(fields, { noNullPrototype: true })

const request = fc.record(
  {
    type: fc.constant('request'),
    at: fc.nat(),
    caller: text,
    weight: number,
    model: text,
    dialect: text,
    stream: fc.boolean(),
    priority,
    cloud,
    patience_ms: number,
    deadline_ms: number,
    needs: fc.array(fc.constantFrom('chat', 'tools', 'vision')),
    prompt_tokens: fc.nat(),
    output_max: fc.nat(),
    blocks: manyBlocks,
    block_tokens: fc.nat(),
    upstream: text,
    tier: fc.nat(),
    spilled: fc.boolean(),
    attempts: fc.nat(),
    wait_ms: number,
    first_token_ms: number,
    total_ms: number,
    output_tokens: fc.nat(),
    cached_tokens: fc.nat(),
    estimated: fc.boolean(),
    gpu_ms: number,
    usd: number,
    fault: text,
  },
  {
    noNullPrototype: true,
    requiredKeys: [
      'type',
      'at',
      'caller',
      'model',
      'dialect',
      'stream',
      'priority',
      'cloud',
      'patience_ms',
      'needs',
      'prompt_tokens',
      'attempts',
      'wait_ms',
      'total_ms',
      'output_tokens',
    ],
  },
)

const others = fc.oneof(
  plain({
    type: fc.constant('failure'),
    at: fc.nat(),
    upstream: text,
    kind: text,
    mid_stream: fc.boolean(),
  }),
  plain({ type: fc.constant('upstream'), at: fc.nat(), upstream: text, up: fc.boolean() }),
  plain({
    type: fc.constant('settings'),
    version: fc.constant(1),
    at: fc.nat(),
    spillway: text,
    upstreams: fc.array(
      plain({
        name: text,
        kind: text,
        tier: fc.nat(),
        concurrency: fc.oneof(fc.constant('auto'), fc.nat()),
        serve: fc.dictionary(text, text, { noNullPrototype: true }),
        context: fc.dictionary(text, fc.nat(), { noNullPrototype: true }),
      }),
    ),
    queue: plain({ max: fc.nat(), patience_ms: fc.nat() }),
    callers: fc.array(plain({ name: text, weight: number, priority, cloud })),
  }),
)

test('every row is read as it was written, whatever names are made of, and takes one line', () => {
  fc.assert(
    fc.property(fc.oneof(request, others) as fc.Arbitrary<Row>, (row) => {
      const line = lineOf(row)
      assert.equal(line.indexOf('\n'), line.length - 1)
      assert.deepEqual(readLine(line), row)
    }),
    { numRuns: 500 },
  )
})

test('no part of a line is taken for the whole of it', () => {
  fc.assert(
    fc.property(fc.oneof(request, others) as fc.Arbitrary<Row>, fc.nat(), (row, at) => {
      const line = lineOf(row)
      assert.equal(readLine(line.slice(0, at % (line.length - 1))), undefined)
    }),
  )
})

test('blocks that follow one another take as much room as two', () => {
  const row = fc.sample(request, { numRuns: 1, seed: 1 })[0] as Row & { type: 'request' }
  const counted = (length: number): number =>
    lineOf({ ...row, blocks: Array.from({ length }, (_, i) => 10_000 + i) }).length
  assert.ok(counted(200) - counted(20) <= 1)
})

test('a line whose runs are endless or no numbers is no row', () => {
  const row = { ...(fc.sample(request, { numRuns: 1, seed: 1 })[0] as object) }
  for (const blocks of [[[0, 1e15]], [[0, 'x']], [null], ['1'], 'all', { length: 3 }]) {
    assert.equal(readLine(JSON.stringify({ ...row, blocks })), undefined, JSON.stringify(blocks))
  }
})
