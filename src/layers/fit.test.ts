import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask } from '../core/ask.ts'
import type { Reply } from '../core/reply.ts'
import { fit, type Way } from './fit.ts'

const someAsk = (promptTokens: number): Ask =>
  ({ model: 'm', promptTokens, needs: ['chat'], signal: new AbortController().signal }) as unknown as Ask
const way = (more: Partial<Way> = {}): Way => ({ misfit: undefined, contextTokens: 1_000, count: undefined, ...more })

/** The size with which an ask reaches the servers, or the fault that it meets before. */
async function sizeOf(promptTokens: number, ways: readonly Way[]): Promise<number> {
  let size = -1
  const serve = fit({
    isPlain: () => false,
    waysOf: () => ways,
    exactly: async (all) => all.find(({ count }) => count !== undefined)?.count?.(),
  })((ask) => {
    size = ask.promptTokens
    return Promise.resolve({} as Reply)
  })
  await serve(someAsk(promptTokens))
  return size
}

test('what every server lacks is refused by its name', async () => {
  const blind = way({ misfit: { lacks: 'vision' } })
  await assert.rejects(sizeOf(10, [blind, blind]), {
    kind: 'not-capable',
    status: 400,
    message: /"m" does not support vision/,
  })
  assert.equal(await sizeOf(10, [blind, way()]), 10)
})

test('a prompt that is larger than every context is refused with both numbers', async () => {
  const small = way({ misfit: { contextTokens: 1_000 } })
  await assert.rejects(sizeOf(2_000, [small]), { kind: 'context-overflow', tokens: { prompt: 2_000, max: 1_000 } })
  assert.equal(await sizeOf(2_000, [small, way({ contextTokens: 8_000 })]), 2_000)
})

test('near the limit the server counts, and its word goes before any estimate', async () => {
  const counts = (tokens: number): Way =>
    way({ misfit: { contextTokens: 1_000 }, count: () => Promise.resolve(tokens) })
  assert.equal(await sizeOf(1_500, [counts(900)]), 900)
  await assert.rejects(sizeOf(800, [way({ count: () => Promise.resolve(1_000) })]), {
    kind: 'context-overflow',
    tokens: { prompt: 1_000, max: 1_000 },
  })
})

test('an estimate that may be wrong refuses nobody: the server has the last word', async () => {
  assert.equal(await sizeOf(1_200, [way()]), 1_200)
})
