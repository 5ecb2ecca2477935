import { stripVTControlCharacters, styleText } from 'node:util'
import type { Condition } from '../http/condition.ts'
import type { FeedSnapshot } from '../telemetry/feed.ts'

/** What the demo knows of itself. */
export interface DemoFacts {
  readonly address: string
  readonly adminAddress: string
  readonly model: string
  readonly upstreams: readonly DemoUpstream[]
  /** What the demo did to one of them. */
  readonly mishap?: string | undefined
}

export interface DemoUpstream {
  readonly name: string
  readonly about: string
  readonly condition: Pick<Condition, 'word' | 'level'>
  readonly inFlight: number
  readonly limit: number | undefined
}

const blocks = '▁▂▃▄▅▆▇█'

/** The demo's picture: what happens now, what happened lately, and a line to paste. */
export function picture(facts: DemoFacts, feed: FeedSnapshot, columns: number): string[] {
  const width = Math.min(Math.max(columns, 60), 100)
  const rule = styleText('dim', '─'.repeat(width))
  return [
    `${styleText('bold', 'Spillway')} ${facts.address}   ${styleText('dim', `live page ${facts.adminAddress}`)}`,
    rule,
    ...numbers(feed),
    `${styleText('dim', 'requests/s ')}${spark(feed.history.arrived, width - 12)}`,
    `${styleText('dim', 'queue      ')}${spark(feed.history.queuedMost, width - 12)}`,
    rule,
    ...facts.upstreams.map((upstream) => upstreamLine(upstream, feed)),
    ...(facts.mishap === undefined ? [] : [styleText('yellow', facts.mishap)]),
    rule,
    ...feed.recent.slice(0, 8).map(recentLine),
    rule,
    'Try it:',
    styleText('cyan', curl(facts)),
    styleText('dim', 'Ctrl-C ends it.'),
  ]
}

/** The same for a pipe or a log: one line. */
export function summary(feed: FeedSnapshot): string {
  return (
    `${feed.requestsPerSecond.toFixed(1)} req/s  ${feed.outputTokensPerSecond.toFixed(0)} tok/s  ` +
    `running ${feed.running}  queued ${feed.queued}  served ${feed.served}  spilled ${feed.spilled}  ` +
    `failed ${feed.failed}  first token p95 ${ms(feed.firstTokenMs?.p95)}`
  )
}

export const curl = ({ address, model }: Pick<DemoFacts, 'address' | 'model'>): string =>
  `curl ${address}/v1/chat/completions -H 'content-type: application/json' ` +
  `-d '{"model":"${model}","messages":[{"role":"user","content":"Hello!"}]}'`

function numbers(feed: FeedSnapshot): string[] {
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

/** Rows these lines take on a screen this wide, the long ones folded. */
export function rowsOf(lines: readonly string[], columns: number): number {
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns)), 0)
}

const colours = { good: 'green', quiet: 'dim', warn: 'yellow', bad: 'red' } as const

function upstreamLine({ name, about, condition, inFlight, limit }: DemoUpstream, feed: FeedSnapshot): string {
  const share = feed.upstreams.find((upstream) => upstream.name === name)
  const state = styleText(colours[condition.level], condition.word.padEnd(11))
  const places = `${inFlight}/${limit ?? '?'}`.padEnd(7)
  const bar = '█'.repeat(Math.min(inFlight, 16))
  const served = `${share?.served ?? 0} served`.padEnd(12)
  const tokens = `${((share?.outputTokens ?? 0) / feed.windowSeconds).toFixed(0)} tok/s`.padEnd(10)
  return `${state} ${name.padEnd(10)} ${styleText('dim', about.padEnd(22))} ${served}${tokens} ${places} ${styleText('blue', bar)}`
}

function recentLine(event: FeedSnapshot['recent'][number]): string {
  const ok = event.fault === undefined
  const mark = ok ? styleText('green', '✓') : styleText('red', '✗')
  const where = ok || event.upstream !== '' ? `→ ${event.upstream ?? ''}` : ''
  const how = ok
    ? `${event.output_tokens ?? 0} tokens, first after ${ms(event.first_token_ms)}, all after ${ms(event.total_ms)}`
    : (event.fault ?? '')
  const waited = (event.wait_ms ?? 0) >= 50 ? `  ${styleText('yellow', `waited ${ms(event.wait_ms)}`)}` : ''
  const spilled = (event.tier ?? 0) > 0 ? `  ${styleText('magenta', 'spilled')}` : ''
  return `${mark} ${(event.dialect ?? '').padEnd(18)} ${where.padEnd(10)} ${how}${waited}${spilled}`
}

function spark(history: readonly number[], width: number): string {
  // The second that has just begun would always look like a drop.
  const last = history.slice(0, -1).slice(-width)
  const most = Math.max(1, ...last)
  return last.map((value) => (value === 0 ? ' ' : blocks[Math.min(7, Math.floor((value / most) * 7.99))])).join('')
}

function ms(value: number | undefined): string {
  if (value === undefined) return '–'
  return value < 1_000 ? `${value.toFixed(0)}ms` : `${(value / 1_000).toFixed(1)}s`
}
