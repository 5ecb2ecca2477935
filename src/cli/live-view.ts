import { stripVTControlCharacters, styleText } from 'node:util'
import type { Condition } from '../http/condition.ts'
import type { FeedSnapshot } from '../telemetry/feed.ts'
import { printable } from './table.ts'

/** What is known of a gateway at one moment. */
export interface LiveView {
  readonly servers: readonly LiveServer[]
  readonly feed: LiveFeed
  /** What somebody should know, a line each. */
  readonly remarks: readonly string[]
  /** How a request that ended is told from the others. */
  readonly whose: (event: Ended) => string
}

export type LiveFeed = Pick<
  FeedSnapshot,
  | 'windowSeconds'
  | 'queued'
  | 'running'
  | 'requestsPerSecond'
  | 'outputTokensPerSecond'
  | 'served'
  | 'failed'
  | 'refused'
> &
  Pick<FeedSnapshot, 'spilled' | 'firstTokenMs' | 'upstreams' | 'recent'> & {
    readonly history: Pick<FeedSnapshot['history'], 'arrived' | 'queuedMost'>
  }

type Ended = FeedSnapshot['recent'][number]

export interface LiveServer {
  readonly name: string
  readonly about: string
  readonly condition: Pick<Condition, 'word' | 'level'>
  readonly inFlight: number
  readonly limit: number | undefined
}

/** How much of a screen there is, and how many rows of it somebody else wants. */
export interface Space {
  readonly columns: number
  readonly rows?: number | undefined
  readonly below?: number
}

/** The picture of a gateway in a terminal: what happens now, how its servers are, and what ended lately. */
export function livePicture(
  head: string,
  { servers, feed, remarks, whose }: LiveView,
  { columns, rows = Infinity, below = 0 }: Space,
): string[] {
  const width = Math.min(Math.max(columns, 60), 100)
  const rule = styleText('dim', '─'.repeat(width))
  const nameWide = Math.max(10, ...servers.map(({ name }) => name.length))
  const above = [
    head,
    rule,
    ...numbers(feed),
    `${styleText('dim', 'requests/s ')}${spark(feed.history.arrived, width - 12)}`,
    `${styleText('dim', 'queue      ')}${spark(feed.history.queuedMost, width - 12)}`,
    rule,
    ...servers.map((server) => serverLine(server, feed, nameWide)),
    ...remarks.map((remark) => styleText('yellow', printable(remark))),
    rule,
  ]
  // What is taller than the screen cannot be drawn over: what ended lately makes room. The last row is the cursor's.
  const room = rows - rowsOf(above, columns) - below - 2
  const ended = feed.recent.slice(0, Math.max(1, Math.min(endedMost, room)))
  const whoses = ended.map((event) => printable(whose(event)))
  const whoseWide = Math.max(18, ...whoses.map(({ length }) => length))
  return [...above, ...ended.map((event, i) => endedLine(event, whoses[i]!.padEnd(whoseWide))), rule]
}

const endedMost = 8

function numbers(feed: LiveFeed): string[] {
  const pair = (name: string, value: string): string => `${styleText('dim', name)} ${styleText('bold', value)}`
  return [
    [
      pair('req/s', feed.requestsPerSecond.toFixed(1)),
      pair('tok/s', feed.outputTokensPerSecond.toFixed(0)),
      pair('first token p50', ms(feed.firstTokenMs?.p50)),
      pair('p95', ms(feed.firstTokenMs?.p95)),
      pair('running', String(feed.running)),
      pair('queued', String(feed.queued)),
    ].join('   '),
    [
      styleText('dim', `last ${feed.windowSeconds.toFixed(0)} s:`),
      pair('served', String(feed.served)),
      pair('spilled', String(feed.spilled)),
      pair('failed', String(feed.failed)),
      pair('refused', String(feed.refused)),
    ].join('   '),
  ]
}

const colours = { good: 'green', quiet: 'dim', warn: 'yellow', bad: 'red' } as const

function serverLine(server: LiveServer, feed: LiveFeed, nameWide: number): string {
  const { name, about, condition, inFlight, limit } = server
  const share = feed.upstreams.find((upstream) => upstream.name === name)
  const state = styleText(colours[condition.level], condition.word.padEnd(11))
  const places = `${inFlight}/${limit ?? '?'}`.padEnd(7)
  const bar = '█'.repeat(Math.min(inFlight, 16))
  const served = `${share?.served ?? 0} served`.padEnd(12)
  const tokens = `${((share?.outputTokens ?? 0) / feed.windowSeconds).toFixed(0)} tok/s`.padEnd(10)
  return `${state} ${printable(name).padEnd(nameWide)} ${styleText('dim', about.padEnd(22))} ${served}${tokens} ${places} ${styleText('blue', bar)}`
}

function endedLine(event: Ended, whose: string): string {
  const ok = event.fault === undefined
  const mark = ok ? styleText('green', '✓') : styleText('red', '✗')
  const where = ok || event.upstream !== '' ? `→ ${event.upstream ?? ''}` : ''
  const how = ok
    ? `${event.output_tokens ?? 0} tokens, first after ${ms(event.first_token_ms)}, all after ${ms(event.total_ms)}`
    : (event.fault ?? '')
  const waited = (event.wait_ms ?? 0) >= 50 ? `  ${styleText('yellow', `waited ${ms(event.wait_ms)}`)}` : ''
  const spilled = (event.tier ?? 0) > 0 ? `  ${styleText('magenta', 'spilled')}` : ''
  return `${mark} ${whose} ${where.padEnd(10)} ${how}${waited}${spilled}`
}

const blocks = '▁▂▃▄▅▆▇█'

function spark(history: readonly number[], width: number): string {
  // The second that has just begun would always look like a drop.
  const last = history.slice(0, -1).slice(-width)
  const most = Math.max(1, ...last)
  return last.map((value) => (value === 0 ? ' ' : blocks[Math.min(7, Math.floor((value / most) * 7.99))])).join('')
}

export function ms(value: number | undefined): string {
  if (value === undefined) return '–'
  return value < 1_000 ? `${value.toFixed(0)}ms` : `${(value / 1_000).toFixed(1)}s`
}

/** Rows these lines take on a screen this wide, the long ones folded. */
export function rowsOf(lines: readonly string[], columns: number): number {
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns)), 0)
}

/** A picture that is drawn over itself, line by line: no flicker, and the last one stays to be read. */
export class Screen {
  readonly #out: Pick<NodeJS.WriteStream, 'write' | 'columns'>
  #drawn = 0

  constructor(out: Pick<NodeJS.WriteStream, 'write' | 'columns'>) {
    this.#out = out
  }

  draw(lines: readonly string[]): void {
    const back = this.#drawn === 0 ? '' : `\u001B[${this.#drawn}F`
    this.#out.write(`\u001B[?2026h${back}${lines.map((line) => `${line}\u001B[K\n`).join('')}\u001B[J\u001B[?2026l`)
    this.#drawn = rowsOf(lines, this.#out.columns)
  }
}
