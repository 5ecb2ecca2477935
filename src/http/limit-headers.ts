import type { Allowance, Allowances } from '../core/allowance.ts'
import type { Dialect } from '../core/dialect.ts'

/** What is left to a caller, in OpenAI's words and in those of the caller's own dialect; name and value in turn. */
export function limitHeaders(
  allowances: Allowances | undefined,
  { limitHeaders: own }: Pick<Dialect, 'limitHeaders'>,
): readonly string[] {
  if (allowances === undefined) return none
  const { requests, tokens } = allowances
  return [...headersOf('requests', requests), ...headersOf('tokens', tokens), ...(own?.(allowances) ?? none)]
}

function headersOf(what: string, allowance: Allowance | undefined): readonly string[] {
  if (allowance === undefined) return none
  const { limit, remaining, resetMs } = allowance
  return [
    `x-ratelimit-limit-${what}`,
    String(limit),
    `x-ratelimit-remaining-${what}`,
    String(remaining),
    `x-ratelimit-reset-${what}`,
    durationOf(resetMs),
  ]
}

/** `20ms`, `1.5s`, `6m0s`, as OpenAI writes it. */
export function durationOf(ms: number): string {
  const whole = Math.ceil(ms)
  if (whole > 0 && whole < 1_000) return `${whole}ms`
  const minutes = Math.floor(whole / 60_000)
  const seconds = `${(whole % 60_000) / 1_000}s`
  return minutes === 0 ? seconds : `${minutes}m${seconds}`
}

const none: readonly string[] = []
