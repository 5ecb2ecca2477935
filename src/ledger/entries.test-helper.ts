import { type BoundAccount, type Claim, type Entry, noTokens, type Try } from '../core/ledger.ts'

/** Entries and claims as they are made for requests, with what a test does not care about filled in. */

export const dayAccount = (limitNano: number, name = 'gateway/day', from = 0): BoundAccount => ({
  name,
  from,
  until: from + 86_400_000,
  limitNano,
})

export const claimOf = (id: string, over: Partial<Claim> = {}): Claim => ({
  id,
  requestId: id.split('#')[0]!,
  caller: 'ui',
  upstream: 'cloud',
  model: 'haiku',
  nano: 100,
  price: 'config',
  promptTokens: 10,
  promptNano: 10,
  outputPico: 5_000,
  at: 1_000,
  expiresAt: 600_000,
  accounts: [],
  ...over,
})

const tryOf = (claim: Claim, nano: number): Try => ({ claim, state: 'settled', nano, ...noTokens })

export const entryOf = (id: string, over: Partial<Entry> = {}): Entry => ({
  id,
  state: 'settled',
  at: 1_000,
  endedAt: 2_000,
  caller: 'ui',
  dialect: 'openai.chat',
  model: 'llama3.1:8b',
  upstream: 'box',
  tier: 0,
  spilled: false,
  firstTokenMs: 120,
  gpuMs: 900,
  nano: 0,
  savedNano: 0,
  fault: undefined,
  tries: [],
  ...noTokens,
  inputTokens: 20,
  outputTokens: 30,
  ...over,
})

/** How a request ended that was tried once, for money. */
export const paidEntry = (claim: Claim, nano: number): Entry =>
  entryOf(claim.requestId, { at: claim.at, upstream: claim.upstream, tier: 1, nano, tries: [tryOf(claim, nano)] })
