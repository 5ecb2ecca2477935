import type { BudgetStanding, Counted } from './budget.ts'
import { nanoPerDollar } from './money.ts'

/** Amounts as the outside reads them. */
export const units: Readonly<Record<Counted, 'usd' | 'tokens' | 'gpu_seconds'>> = {
  nano: 'usd',
  tokens: 'tokens',
  gpuMs: 'gpu_seconds',
}

/** As a decimal, exact, and as a string: money is nothing for floating point. */
export function amountOf(counted: Counted, amount: number): string {
  if (counted === 'tokens') return String(amount)
  return counted === 'gpuMs' ? decimal(Math.round(amount), 1_000, 0) : decimal(amount, nanoPerDollar, 2)
}

/** `80 % of the budget of caller:chat-ui/day is used up: $4.01 of $5.00. It begins anew at …`. */
export function sentenceOf({ account, counted, limit, spent, until }: BudgetStanding, share: number): string {
  const percent = `${Math.round(share * 1_000) / 10} %`
  const amounts = `${said(counted, spent)} of ${said(counted, limit)}`
  const begins = `It begins anew at ${new Date(until).toISOString()}.`
  return `${percent} of the budget of ${account} is used up: ${amounts}. ${begins}`
}

function said(counted: Counted, amount: number): string {
  const text = amountOf(counted, amount)
  return counted === 'nano' ? `$${text}` : counted === 'tokens' ? `${text} tokens` : `${text} s of the machines`
}

/** No more digits than it takes, and at least so many. */
function decimal(amount: number, unit: number, digitsMin: number): string {
  const digits = String(amount % unit).padStart(String(unit).length - 1, '0')
  const last = digits.replace(/0+$/, '').padEnd(digitsMin, '0')
  return `${Math.floor(amount / unit)}${last === '' ? '' : `.${last}`}`
}
