import type { Span } from '../core/budget.ts'

/** One hour, day, week or month, in milliseconds since 1970. It ends when the next begins. */
export interface Window {
  readonly from: number
  readonly until: number
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** No window is longer: a day of 25 hours is in it, and a little more. */
const longestMs: Readonly<Record<Span, number>> = {
  hour: hourMs,
  day: 2 * dayMs,
  week: 8 * dayMs,
  month: 32 * dayMs,
}

/**
 * The spans of the calendar in one time zone, as they come. A clock that is set back opens none again: whoever could turn
 * it back would have a spent budget anew.
 */
export class Calendar {
  readonly timeZone: string
  readonly #current = new Map<Span, Window>()
  readonly #offsetAt: (epochMs: number) => number

  constructor(timeZone: string) {
    this.timeZone = timeZone
    this.#offsetAt = offsetsOf(timeZone)
  }

  /** The window that it is now; asked again within it, it costs nothing. */
  window(span: Span, epochMs: number): Window {
    const current = this.#current.get(span)
    if (current !== undefined && epochMs < current.until) return current
    const window = this.windowAt(span, epochMs)
    this.#current.set(span, window)
    return window
  }

  /** The window of any time, looked up anew. */
  windowAt(span: Span, epochMs: number): Window {
    const label = this.#labelAt(span, epochMs)
    const isInside = (ms: number): boolean => this.#labelAt(span, ms) === label
    return {
      from: firstWhere(isInside, epochMs - longestMs[span] - 1, epochMs),
      until: firstWhere((ms) => !isInside(ms), epochMs, epochMs + longestMs[span] + 1),
    }
  }

  /** The same all through a window, and another one in the next. */
  #labelAt(span: Span, epochMs: number): number {
    const offset = this.#offsetAt(epochMs)
    const local = epochMs + offset
    const day = Math.floor(local / dayMs)
    switch (span) {
      case 'hour':
        // The hour that comes twice when summer time ends is two hours.
        return Math.floor(local / hourMs) * dayMs + offset
      case 'day':
        return day
      case 'week':
        // The first day of 1970 was a Thursday.
        return Math.floor((day + 3) / 7)
      case 'month': {
        const date = new Date(local)
        return date.getUTCFullYear() * 12 + date.getUTCMonth()
      }
    }
  }
}

/** Of a claim that is false at first and true from somewhere on: where. */
function firstWhere(holds: (ms: number) => boolean, falseAt: number, trueAt: number): number {
  let before = falseAt
  let at = trueAt
  while (at - before > 1) {
    const middle = before + Math.floor((at - before) / 2)
    if (holds(middle)) at = middle
    else before = middle
  }
  return at
}

/** By how much the clocks of a time zone are ahead of UTC at a time. */
function offsetsOf(timeZone: string): (epochMs: number) => number {
  if (timeZone === 'UTC') return () => 0
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (epochMs) => {
    const read = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0 }
    for (const { type, value } of format.formatToParts(epochMs))
      if (type in read) read[type as keyof typeof read] = Number(value)
    const { year, month, day, hour, minute, second } = read
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(epochMs / 1_000) * 1_000
  }
}
