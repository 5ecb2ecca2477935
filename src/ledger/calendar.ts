import type { ReportKey } from '../core/ledger.ts'

export type TimeKey = Extract<ReportKey, 'hour' | 'day' | 'week' | 'month'>

export const isTimeKey = (key: ReportKey): key is TimeKey =>
  key === 'hour' || key === 'day' || key === 'week' || key === 'month'

/** What an hour, a day, a week or a month is called where that clock is on the wall: `2026-11-21`, `2026-W47`. */
export function labels(timeZone: string): (key: TimeKey, at: number) => string {
  const format = new Intl.DateTimeFormat('en-CA-u-hc-h23', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
  })
  return (key, at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
    const month = `${parts.get('year')}-${parts.get('month')}`
    const day = `${month}-${parts.get('day')}`
    if (key === 'month') return month
    if (key === 'day') return day
    if (key === 'week') return weekOf(day)
    // An hour that comes twice in an autumn night is one line.
    return `${day}T${parts.get('hour')}:00`
  }
}

/** Weeks begin on Monday, and belong to the year in which their Thursday lies. */
function weekOf(day: string): string {
  const dayMs = 86_400_000
  const at = Date.parse(`${day}T00:00:00Z`)
  const thursday = at + (3 - ((new Date(at).getUTCDay() + 6) % 7)) * dayMs
  const year = new Date(thursday).getUTCFullYear()
  const week = Math.floor((thursday - Date.UTC(year, 0, 1)) / dayMs / 7) + 1
  return `${year}-W${String(week).padStart(2, '0')}`
}
