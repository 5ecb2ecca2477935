type Headers = Readonly<Record<string, string>>

/** Nobody is told to come back later than that, whatever a server says. */
const longestMs = 3_600_000

/**
 * How long an upstream wants to be left alone: `retry-after-ms`, as OpenAI and Azure say it, else `retry-after` in seconds
 * or as a date. Undefined where it does not say, or says what makes no sense.
 */
export function retryAfterIn(headers: Headers, epochMs: number): number | undefined {
  const ms = numberIn(headers['retry-after-ms'])
  if (ms !== undefined) return within(ms)
  const after = headers['retry-after']
  const seconds = numberIn(after)
  if (seconds !== undefined) return within(seconds * 1_000)
  const at = dateIn(after)
  if (at === undefined) return undefined
  // By the clock that it was said by, for ours may be wrong. What is over already means a moment.
  return within(Math.max(1_000, at - (dateIn(headers['date']) ?? epochMs)))
}

/** It begins with the day of the week in all of its three forms; much else would pass for a date. */
const isDate = /^\s*(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/

function dateIn(text: string | undefined): number | undefined {
  const at = text === undefined || !isDate.test(text) ? Number.NaN : Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}

const numberIn = (text: string | undefined): number | undefined =>
  text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined

const within = (ms: number): number | undefined => (ms > 0 ? Math.min(longestMs, Math.ceil(ms)) : undefined)
