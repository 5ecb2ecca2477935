import type { ReportKey } from '../core/ledger.ts'

export type TimeKey = Extract<ReportKey, 'hour' | 'day' | 'week' | 'month'>

export const isTimeKey = (key: ReportKey): key is TimeKey =>
  key === 'hour' || key === 'day' || key === 'week' || key === 'month'

/** What an hour, a day, a week or a month is called where that clock is on the wall; a week by its Monday. */
export function labels(timeZone: string): (key: TimeKey, at: number) => string {
  // In Sweden dates are written the way computers sort them.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
  const known = new Map<number, string>()
  return (key, at) => {
    let text = known.get(at)
    if (text === undefined) known.set(at, (text = format.format(at).replace(' ', 'T')))
    const day = text.slice(0, 10)
    switch (key) {
      case 'hour':
        // An hour that comes twice in an autumn night is one.
        return text.slice(0, 13)
      case 'day':
        return day
      case 'week':
        return mondayOf(day)
      case 'month':
        return day.slice(0, 7)
    }
  }
}

function mondayOf(day: string): string {
  const date = new Date(`${day}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7))
  return date.toISOString().slice(0, 10)
}
