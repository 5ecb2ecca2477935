import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnswerAbout, Dialect } from '../../src/core/dialect.ts'
import { Fault, type FaultKind } from '../../src/core/fault.ts'
import type { Json } from '../../src/core/json.ts'
import { canSay } from './abilities.ts'
import type { Fixture } from './fixtures.ts'
import { streamSuite } from './streams.ts'
import { talkSuite } from './talk.ts'
import { vectorSuite } from './vectors.ts'

export type It = (sentence: string, run: () => void | Promise<void>) => void

export const about: AnswerAbout = {
  id: 'ask-1',
  model: 'a "model"',
  promptTokens: 12,
  createdMs: 1_763_700_000_000,
  wantsUsage: true,
  epochMs: () => 1_763_700_000_250,
}

/** As it comes out of the bytes that it was written to. */
export const overWire = (body: Json): Json => JSON.parse(JSON.stringify(body)) as Json

/** Without what is not there, so that a member that is missing and one that is undefined are the same. */
export function compact<T>(value: T): T {
  if (Array.isArray(value)) return value.map(compact) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : [[key, compact(member)]])),
  ) as T
}

/** What any dialect must hold to, alone and in the company of the others. `recorded` are exchanges of real servers that speak it. */
export function dialectSuite(dialect: Dialect, peers: readonly Dialect[], recorded: readonly Fixture[]): void {
  const it: It = (sentence, run) => void test(`${dialect.id}: ${sentence}`, run)

  it('every kind of fault has a sentence in its errors, and a code where there is room for one', () => {
    for (const kind of faultKinds) {
      const fault = new Fault(kind, 'Something is "wrong".')
      const written = JSON.stringify(dialect.writeFault(fault))
      assert.ok(written.includes('Something is \\"wrong\\".'), written)
      if (canSay(dialect.id)('code of a fault')) assert.ok(written.includes(`"${fault.code}"`), written)
      const status = dialect.statusOf?.(fault) ?? fault.status
      // Clients take a 408 for a reason to ask again at once.
      assert.ok(status >= 400 && status <= 599 && status !== 408)
    }
  })

  it('what is no request at all is refused as the fault of the caller', () => {
    for (const body of [{}, { model: 5 }, { model: '' }] satisfies Json[])
      assert.throws(() => dialect.glance(body), { name: 'Fault', kind: 'bad-request' }, JSON.stringify(body))
  })

  if (dialect.form === 'vectors') {
    const others = peers.filter((peer) => peer.form === 'vectors')
    return vectorSuite(dialect, others, it)
  }
  const others = peers.flatMap((peer) => (peer.form === 'talk' ? [peer] : []))
  talkSuite(dialect, others, it)
  const streams = recorded.filter(({ isStream, status }) => isStream && status === 200)
  streamSuite(dialect, streams, it)
}

export const faultKinds: readonly FaultKind[] = [
  'bad-request',
  'not-capable',
  'context-overflow',
  'unauthorized',
  'forbidden',
  'no-such-model',
  'no-such-route',
  'wrong-method',
  'too-large',
  'wrong-type',
  'queue-full',
  'patience-spent',
  'rate-limited',
  'over-budget',
  'cancelled',
  'internal',
  'not-supported',
  'upstream-refused',
  'model-missing',
  'upstream-broke',
  'upstream-denied',
  'upstream-busy',
  'upstream-loading',
  'no-upstream',
  'shutting-down',
  'upstream-slow',
]
