import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask } from '../../src/core/ask.ts'
import type { Candidate } from '../../src/core/policy.ts'
import { defaultPolicy, policies, weighted } from '../../src/policies/index.ts'
import { policyConforms } from './policy.ts'

for (const [name, policy] of policies) policyConforms(name, policy)
policyConforms('the default policy', defaultPolicy)

const ask = { promptTokens: 1_000 } as Ask

const candidate = (more: Partial<Candidate>): Candidate => ({
  upstream: 'box',
  tier: 0,
  inFlight: 0,
  limit: 4,
  firstTokenMs: 200,
  loaded: true,
  evictionMs: 0,
  cachedTokens: 0,
  fairInFlight: 0,
  ...more,
})

const prefers = (name: string, better: Partial<Candidate>, worse: Partial<Candidate>): void => {
  const policy = policies.get(name)!
  assert.ok(policy(ask, candidate(better)) < policy(ask, candidate(worse)))
}

test('least-loaded prefers the emptier of two, relative to how much they hold', () => {
  prefers('least-loaded', { inFlight: 1 }, { inFlight: 2 })
  prefers('least-loaded', { inFlight: 4, limit: 16 }, { inFlight: 2, limit: 4 })
})

test('fastest prefers the one that speaks first', () =>
  prefers('fastest', { firstTokenMs: 300 }, { firstTokenMs: 301 }))

test('prefer-loaded prefers a model in memory, and doubt to one that must be loaded', () => {
  prefers('prefer-loaded', { loaded: true }, { loaded: undefined })
  prefers('prefer-loaded', { loaded: undefined }, { loaded: false })
})

test('prefix-affinity prefers the place that has more of the prompt, until that place is far fuller than the others', () => {
  prefers('prefix-affinity', { cachedTokens: 800 }, { cachedTokens: 100 })
  prefers('prefix-affinity', { cachedTokens: 800, inFlight: 3, fairInFlight: 1 }, { fairInFlight: 1 })
  prefers('prefix-affinity', { fairInFlight: 1 }, { cachedTokens: 800, inFlight: 9, fairInFlight: 1 })
  prefers('prefix-affinity', { cachedTokens: 800, inFlight: 30, fairInFlight: 20 }, { fairInFlight: 20 })
})

test('by default nothing that a place has in memory makes up for a crowd beyond its share', () => {
  const limit = 64
  const crowded = { limit, inFlight: 40, fairInFlight: 8, cachedTokens: 1_000, firstTokenMs: 300 }
  const empty = { limit, inFlight: 2, fairInFlight: 8, firstTokenMs: 900 }
  assert.ok(defaultPolicy(ask, candidate(empty)) < defaultPolicy(ask, candidate(crowded)))
})

test('by default a loaded model on a busy server is better than loading it on an empty one', () => {
  const busy = defaultPolicy(ask, candidate({ inFlight: 3, firstTokenMs: 900 }))
  assert.ok(busy < defaultPolicy(ask, candidate({ loaded: false, firstTokenMs: 5_200 })))
})

test('weights add up', () => {
  const policy = weighted([
    { policy: () => 1, weight: 2 },
    { policy: () => 10, weight: 0.5 },
  ])
  assert.equal(policy(ask, candidate({})), 7)
})
