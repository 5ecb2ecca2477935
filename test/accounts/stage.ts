import { dearPrice } from '../../src/accounts/rig.test-helper.ts'
import type { MoneySettings } from '../../src/core/settings.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import { type Act, answer, type Rig, rig, type ScriptedServer, wholeStream } from '../dispatch/scripted.ts'

/** The whole gateway with a ledger in memory, on servers at home and in the cloud that do what a test says. */

export const chat = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 1_000 }
export const streamed = { ...chat, stream: true }
export const serves: Act = () => answer(wholeStream)
export const wholeAnswer = JSON.stringify({
  id: 'c1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
})
export const servesWhole: Act = () => answer([wholeAnswer])

export const sky = (act: Act, more: Partial<ScriptedServer> = {}): ScriptedServer => ({
  kind: 'openai-compatible',
  act,
  tier: 1,
  concurrency: 600,
  ...more,
})
export const box = (act: Act): ScriptedServer => ({ ...sky(act), tier: 0 })

export const money: MoneySettings = {
  budgets: [],
  timeZone: 'UTC',
  prices: new Map([['m', dearPrice]]),
  cloudOpen: true,
  requestMostNano: undefined,
  outputTokensMost: 8_192,
  alerts: { webhook: undefined, spillShare: 0.1 },
}

export interface Stage {
  readonly on: Rig
  readonly ledger: MemoryLedger
}

export function stage(
  servers: Record<string, ScriptedServer>,
  ledger = new MemoryLedger(),
  over: Partial<MoneySettings> = {},
): Stage {
  const settings = { money: { ...money, ...over }, queue: { max: 600, patienceMs: 50 } }
  return { on: rig(servers, settings, undefined, [], ledger), ledger }
}
