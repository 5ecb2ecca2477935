import type { Allowance, Allowances } from '../../core/allowance.ts'

/** What is left to a caller, as Anthropic's clients look for it. */
export const limitHeaders = ({ requests, tokens }: Allowances): readonly string[] => [
  ...headersOf('requests', requests),
  ...headersOf('tokens', tokens),
]

function headersOf(what: string, allowance: Allowance | undefined): readonly string[] {
  if (allowance === undefined) return []
  const { limit, remaining, resetEpochMs } = allowance
  const start = `anthropic-ratelimit-${what}`
  // A second too late rather than one too early.
  const reset = new Date(Math.ceil(resetEpochMs / 1_000) * 1_000).toISOString().replace('.000Z', 'Z')
  return [`${start}-limit`, String(limit), `${start}-remaining`, String(remaining), `${start}-reset`, reset]
}
