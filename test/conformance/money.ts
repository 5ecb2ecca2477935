import type { Account, BoundAccount, Claim, Entry, Try } from '../../src/core/ledger.ts'

export const dayMs = 86_400_000
/** A Wednesday, at midnight in UTC. */
export const someDay = 20_600 * dayMs

export const dayOf = (name: string, from = someDay): Account => ({ name: `${name}/day`, from, until: from + dayMs })

export const bound = (limitNano: number, account: Account = dayOf('gateway')): BoundAccount => ({
  ...account,
  limitNano,
})

export const claimOf = (
  id: string,
  nano: number,
  accounts: readonly BoundAccount[],
  more: Partial<Claim> = {},
): Claim => ({
  id,
  requestId: id.split('/')[0]!,
  caller: 'chat-ui',
  upstream: 'haiku',
  model: 'claude-haiku-4-5',
  nano,
  price: 'test',
  promptTokens: 100,
  promptNano: 10,
  outputPico: 5,
  at: someDay + 3_600_000,
  expiresAt: someDay + 7_200_000,
  accounts,
  ...more,
})

const counts = {
  inputTokens: 100,
  outputTokens: 20,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  estimated: false,
}

export const tryOf = (claim: Claim, nano: number): Try => ({
  claim,
  state: nano === 0 ? 'released' : 'settled',
  nano,
  ...counts,
})

export const entryOf = (id: string, tries: readonly Try[] = [], more: Partial<Entry> = {}): Entry => ({
  id,
  state: 'settled',
  at: someDay + 3_600_000,
  endedAt: someDay + 3_601_000,
  caller: 'chat-ui',
  dialect: 'openai.chat',
  model: 'qwen3',
  upstream: tries.length === 0 ? 'box' : 'haiku',
  tier: tries.length === 0 ? 0 : 1,
  spilled: false,
  firstTokenMs: 120,
  gpuMs: tries.length === 0 ? 900 : 0,
  nano: tries.reduce((sum, made) => sum + made.nano, 0),
  savedNano: 0,
  fault: undefined,
  ...counts,
  tries,
  ...more,
})
