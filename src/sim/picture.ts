import { styleText } from 'node:util'
import type { Percentiles, Report, Times } from './report.ts'

/** A report for people: what came of it, who was served how, where, and how it went over time. */
export function picture(report: Report): string[] {
  const { seed, requests, simulatedMs, whole, broken, refused, left, faults, spilled, tokensPerSecond, usd, timeline } =
    report
  const failed = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`)
  return [
    `Seed ${seed}: ${requests} requests in ${duration(simulatedMs)} of simulated time. Every promise was kept.`,
    '',
    `answered ${whole}   refused ${refused}   broken off ${broken}   gone ${left}${failed.length === 0 ? '' : `   (${failed.join(', ')})`}`,
    `${tokensPerSecond} tokens/s   ${percent(spilled.requests)} of requests and ${percent(spilled.tokens)} of tokens spilled   $${usd.toFixed(4)}`,
    '',
    ...table(
      ['caller', 'requests', 'answered', 'wait p50 / p95 / p99', 'first token p50 / p95 / p99'],
      [...Object.entries(report.callers).map(([name, times]) => timesRow(name, times)), timesRow('all', report.all)],
    ),
    '',
    ...table(
      ['upstream', 'answered', 'tokens', 'prompt cached', 'broken', 'loads', 'most at once', 'limit found', 'usd'],
      Object.entries(report.upstreams).map(([name, upstream]) => [
        name,
        `${upstream.served}`,
        `${upstream.outputTokens}`,
        percent(upstream.cachedTokens / Math.max(upstream.promptTokens, 1)),
        `${upstream.broken}`,
        `${upstream.loads}`,
        `${upstream.openMost}`,
        Object.values(upstream.limits).join(', '),
        upstream.usd === 0 ? '' : upstream.usd.toFixed(4),
      ]),
    ),
    '',
    ...table(
      ['predicted', 'requests', 'off by p50', 'p90'],
      Object.entries(report.predictions).map(([what, { requests: seen, median, p90 }]) => [
        what.replace('_', ' '),
        `${seen}`,
        seen === 0 ? '' : `×${Math.exp(median).toFixed(2)}`,
        seen === 0 ? '' : `×${Math.exp(p90).toFixed(2)}`,
      ]),
    ),
    '',
    ...plot('waiting', timeline.queued, (most) => `${most}`),
    ...plot('first token p95', timeline.firstTokenP95Ms, duration),
    styleText('dim', `0${duration(simulatedMs).padStart(timeline.queued.length - 1)}`),
  ]
}

const timesRow = (name: string, { requests, served, waitMs, firstTokenMs }: Times): string[] => [
  name,
  `${requests}`,
  `${served}`,
  three(waitMs),
  three(firstTokenMs),
]

const three = ({ p50, p95, p99 }: Percentiles): string => [p50, p95, p99].map(duration).join(' / ')

/** Names to the left, numbers to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ')
  return [styleText('bold', line(head)), ...rows.map((row) => line(row).trimEnd())]
}

const blocks = ' ▁▂▃▄▅▆▇█'
const rowsHigh = 4

/** Bars of block characters, four lines high. */
function plot(title: string, values: readonly number[], show: (most: number) => string): string[] {
  const most = Math.max(...values)
  if (most === 0) return [`${styleText('bold', title)}  none`]
  const lines = Array.from({ length: rowsHigh }, (_, row) => {
    const floor = rowsHigh - 1 - row
    const cells = values.map((value) => {
      const eighths = most === 0 ? 0 : Math.round((value / most) * rowsHigh * 8) - floor * 8
      return blocks[Math.min(Math.max(eighths, 0), 8)]!
    })
    return cells.join('').trimEnd()
  })
  return [`${styleText('bold', title)}  most ${show(most)}`, ...lines]
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`
  return ms < 7_200_000 ? `${(ms / 60_000).toFixed(1)} min` : `${(ms / 3_600_000).toFixed(1)} h`
}

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
