import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Ask } from '../../src/core/ask.ts'
import type { Candidate, Policy } from '../../src/core/policy.ts'

const candidates: fc.Arbitrary<Candidate> = fc
  .record({
    upstream: fc.string(),
    tier: fc.integer({ min: 0, max: 9 }),
    taken: fc.integer({ min: 0, max: 255 }),
    limit: fc.integer({ min: 1, max: 256 }),
    firstTokenMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
    loaded: fc.constantFrom(true, false, undefined),
    evictionMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
    fairInFlight: fc.double({ min: 0, max: 256, noNaN: true }),
    cachedTokens: fc.double({ min: 0, max: 1e6, noNaN: true }),
  })
  .map(({ taken, ...candidate }) => ({ ...candidate, inFlight: Math.min(taken, candidate.limit - 1) }))

const asks: fc.Arbitrary<Ask> = fc
  .record({
    model: fc.string(),
    stream: fc.boolean(),
    promptTokens: fc.nat({ max: 1_000_000 }),
    outputTokensMax: fc.option(fc.nat({ max: 100_000 }), { nil: undefined }),
    priority: fc.constantFrom('interactive', 'default', 'batch'),
    cloud: fc.constantFrom('allowed', 'never'),
    patienceMs: fc.oneof(fc.nat({ max: 600_000 }), fc.constant(Infinity)),
    weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
  })
  .map(({ weight, ...ask }) => ({
    ...ask,
    id: 'ask',
    caller: { id: 'caller', weight, priority: ask.priority, models: undefined, cloud: ask.cloud },
    dialect: 'openai.chat',
    needs: ['chat' as const],
    body: {},
    raw: undefined,
    headers: [],
    arrivedAt: 0,
    signal: new AbortController().signal,
  }))

/** What every policy promises: whoever adds one runs this on it. */
export function policyConforms(name: string, policy: Policy): void {
  test(`${name} has a finite answer for every ask and candidate`, () => {
    fc.assert(fc.property(asks, candidates, (ask, candidate) => assert.ok(Number.isFinite(policy(ask, candidate)))))
  })

  test(`${name} gives the same answer whenever it is asked, whatever it was asked in between`, () => {
    fc.assert(
      fc.property(
        asks,
        candidates,
        fc.array(fc.tuple(asks, candidates), { maxLength: 5 }),
        (ask, candidate, others) => {
          const before = policy(ask, candidate)
          for (const [otherAsk, other] of others) policy(otherAsk, other)
          assert.equal(policy(structuredCopy(ask), structuredCopy(candidate)), before)
        },
      ),
    )
  })

  test(`${name} changes neither the ask nor the candidate`, () => {
    fc.assert(
      fc.property(asks, candidates, (ask, candidate) => {
        policy(Object.freeze(ask), Object.freeze(candidate))
        const [askBefore, candidateBefore] = [JSON.stringify(ask), JSON.stringify(candidate)]
        policy(ask, candidate)
        assert.deepEqual([JSON.stringify(ask), JSON.stringify(candidate)], [askBefore, candidateBefore])
      }),
    )
  })
}

/** Equal, but another object: an answer may depend on what is asked, not on which object asks it. */
const structuredCopy = <Value extends object>(value: Value): Value => ({ ...value })
