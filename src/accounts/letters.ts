import { createHash } from 'node:crypto'
import { amountOf, sentenceOf, units } from '../core/amounts.ts'
import type { BudgetStanding } from '../core/budget.ts'
import type { Letter } from '../core/notes.ts'

/** That so much of a budget is used up. The same news has the same letter, whoever writes it. */
export function budgetLetter(standing: BudgetStanding, share: number, at: number): Letter {
  const { account, counted, limit, spent, from, until } = standing
  return letter(idOf('budget', account, counted, from, limit, share), at, 'budget.reached', {
    account,
    share,
    unit: units[counted],
    spent: amountOf(counted, spent),
    limit: amountOf(counted, limit),
    resets_at: new Date(until).toISOString(),
    text: sentenceOf(standing, share),
  })
}

/** News that are no more than a sentence. Of one `topic` there is one letter in a `spell`. */
export const noteLetter = (type: string, topic: string, spell: number, at: number, text: string): Letter =>
  letter(idOf(type, topic, spell), at, type, { text })

function letter(id: string, at: number, type: string, about: Readonly<Record<string, unknown>>): Letter {
  return { id, at, body: JSON.stringify({ id, type, at: new Date(at).toISOString(), ...about }) }
}

const idOf = (...parts: readonly (string | number)[]): string =>
  `msg_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`
