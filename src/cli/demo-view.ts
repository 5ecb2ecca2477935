import { styleText } from 'node:util'
import type { FeedSnapshot } from '../telemetry/feed.ts'
import { livePicture, type LiveServer, type LiveView, ms, rowsOf, type Space } from './live-view.ts'

/** What the demo knows of itself. */
export interface DemoFacts {
  readonly address: string
  readonly adminAddress: string
  readonly model: string
  readonly servers: readonly LiveServer[]
  /** What the demo did to one of them. */
  readonly mishap?: string | undefined
}

/** The demo's picture: what happens now, what happened lately, and a line to paste. */
export function picture(facts: DemoFacts, feed: FeedSnapshot, { columns, rows }: Space): string[] {
  const { address, adminAddress, servers, mishap } = facts
  const head = `${styleText('bold', 'Spillway')} ${address}   ${styleText('dim', `live page ${adminAddress}`)}`
  const remarks = mishap === undefined ? [] : [mishap]
  const hints = ['Try it:', styleText('cyan', curl(facts)), styleText('dim', 'Ctrl-C ends it.')]
  const seen: LiveView = { servers, feed, remarks, whose: ({ dialect = '' }) => dialect }
  return [...livePicture(head, seen, { columns, rows, below: rowsOf(hints, columns) }), ...hints]
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
