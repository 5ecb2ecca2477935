import { sentenceOf } from '../core/amounts.ts'
import type { Ask } from '../core/ask.ts'
import type { ConnectionCut, Event, HedgeEnding, Resumed } from '../core/event.ts'
import type { Fault, FaultKind } from '../core/fault.ts'
import { nanoPerDollar } from '../core/money.ts'

/**
 * An event as people may see it: in the log, in the live feed, on the page. The type is closed and is filled in field by
 * field, so what somebody asked, what was answered and with which key have no place to be in. It is only ever written as
 * JSON, which is why it is spelled like the rest of the outside.
 */
export interface EventView {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly event: Event['type']
  readonly id?: string | undefined
  readonly caller?: string | undefined
  readonly model?: string | undefined
  readonly dialect?: string | undefined
  readonly upstream?: string | undefined
  readonly tier?: number | undefined
  readonly status?: number | undefined
  readonly fault?: FaultKind | undefined
  readonly decision?: string | undefined
  readonly attempts?: number | undefined
  readonly resumes?: number | undefined
  /** What became of a stream that broke and may be carried on; `from` is where it broke. */
  readonly outcome?: Resumed | undefined
  readonly from?: string | undefined
  readonly input_tokens?: number | undefined
  readonly output_tokens?: number | undefined
  readonly tokens_estimated?: true | undefined
  /** What it cost, where it cost anything. */
  readonly usd?: number | undefined
  readonly wait_ms?: number | undefined
  readonly first_token_ms?: number | undefined
  readonly total_ms?: number | undefined
  readonly ahead?: number | undefined
  readonly spilled?: boolean | undefined
  readonly mid_stream?: boolean | undefined
  /** How a second try beside a late first one ended. */
  readonly hedge?: HedgeEnding | undefined
  readonly up?: boolean | undefined
  /** Said by the gateway of itself or of an upstream, never of an ask. */
  readonly text?: string | undefined
}

export function viewOf(event: Event): EventView {
  switch (event.type) {
    case 'ask-arrived':
      return { level: 'debug', event: event.type, ...nameOf(event.ask) }
    case 'ask-queued':
      return { level: 'debug', event: event.type, ...nameOf(event.ask), ahead: event.ahead }
    case 'ask-granted': {
      const { upstream, tier, spilled } = event
      return {
        level: 'debug',
        event: event.type,
        ...nameOf(event.ask),
        upstream,
        tier,
        wait_ms: tenths(event.waitMs),
        spilled,
      }
    }
    case 'first-token': {
      const { upstream, afterMs } = event
      return { level: 'debug', event: event.type, ...nameOf(event.ask), upstream, first_token_ms: tenths(afterMs) }
    }
    case 'ask-hedged': {
      const { upstream, afterMs } = event
      return { level: 'debug', event: event.type, ...nameOf(event.ask), upstream, wait_ms: tenths(afterMs) }
    }
    case 'hedge-ended': {
      const { upstream, ending } = event
      return { level: 'debug', event: event.type, ...nameOf(event.ask), upstream, hedge: ending }
    }
    case 'resumed': {
      const { from, upstream, outcome, afterMs } = event
      const isHealed = outcome === 'carried-on' || outcome === 'finished'
      const level = isHealed ? 'info' : outcome === 'left' ? 'debug' : 'warn'
      return { level, event: event.type, ...nameOf(event.ask), from, upstream, outcome, wait_ms: tenths(afterMs) }
    }
    case 'attempt-failed': {
      // The reason may quote what the server said, and the server may quote the prompt: its kind has to do.
      const { upstream, kind, midStream } = event
      return { level: 'warn', event: event.type, ...nameOf(event.ask), upstream, fault: kind, mid_stream: midStream }
    }
    case 'ask-settled':
      return settled(event)
    case 'request-refused':
      return { level: 'info', event: event.type, dialect: event.dialect, status: event.status, fault: event.kind }
    case 'connection-cut': {
      const { why } = event
      // Of those who are too many there may be thousands a second.
      const level = why === 'stalled' || why === 'unread' ? 'info' : 'debug'
      return { level, event: event.type, text: `A caller's connection was closed: ${whyCut[why]}.` }
    }
    case 'upstream-changed': {
      const { upstream, up, reason } = event
      return { level: up ? 'info' : 'warn', event: event.type, upstream, up, text: cleaned(reason, textMax) }
    }
    case 'config-read':
      return { level: event.taken ? 'info' : 'warn', event: event.type, text: cleaned(event.text, textMax) }
    case 'upstream-stalled': {
      const { upstream, model, asks, silentMs } = event
      const text = `Nothing came of ${asks} answers of ${model} for ${Math.round(silentMs / 1_000)} s: they were cut off together.`
      return { level: 'warn', event: event.type, upstream, model, text: cleaned(text, textMax) }
    }
    case 'money-spent': {
      // The line of the ask says what it came to; this one is for whoever follows each try.
      const { upstream, model, nano } = event
      return { level: 'debug', event: event.type, ...nameOf(event.ask), upstream, model, usd: nano / nanoPerDollar }
    }
    case 'budget-reached':
      return { level: 'warn', event: event.type, text: cleaned(sentenceOf(event.standing, event.share), textMax) }
    case 'cloud-switched':
      return { level: event.open ? 'info' : 'warn', event: event.type, text: cleaned(event.text, textMax) }
    case 'notice':
      return { level: event.level, event: event.type, text: cleaned(event.text, noticeMax) }
  }
}

const whyCut: Readonly<Record<ConnectionCut, string>> = {
  stalled: 'it did not read its answer',
  unread: 'it was the slowest to read when too much waited to be read',
  'too-many': 'there are as many as may be',
  'too-many-of-one': 'there are as many from its address as may be',
  pressure: 'the gateway runs short',
}

const nameMax = 128
const textMax = 300
/** What we say ourselves, and need not cut. */
const noticeMax = 600

function settled({ ask, outcome, decision }: Extract<Event, { type: 'ask-settled' }>): EventView {
  const { usage, attempts, fault, firstTokenMs } = outcome
  const tried = attempts > 0
  // One shape for all, spelled out: this is made for every ask.
  return {
    level: levelOf(fault),
    event: 'ask-settled',
    id: cleaned(ask.id, nameMax),
    caller: ask.caller.id,
    model: cleaned(ask.model, nameMax),
    dialect: ask.dialect,
    upstream: tried ? outcome.upstream : undefined,
    tier: tried ? outcome.tier : undefined,
    status: fault === undefined ? 200 : fault.status,
    fault: fault?.kind,
    decision,
    attempts,
    resumes: outcome.resumes,
    input_tokens: usage.promptTokens,
    output_tokens: usage.outputTokens,
    tokens_estimated: usage.estimated === true ? true : undefined,
    usd: outcome.costNano === undefined || outcome.costNano === 0 ? undefined : outcome.costNano / nanoPerDollar,
    wait_ms: tenths(outcome.waitMs),
    first_token_ms: firstTokenMs === undefined ? undefined : tenths(firstTokenMs),
    total_ms: tenths(outcome.totalMs),
  }
}

/** Id and model are the caller's own words, so they are kept short and plain. */
const nameOf = ({ id, caller, model, dialect }: Ask): Pick<EventView, 'id' | 'caller' | 'model' | 'dialect'> => ({
  id: cleaned(id, nameMax),
  caller: caller.id,
  model: cleaned(model, nameMax),
  dialect,
})

function levelOf(fault: Fault | undefined): EventView['level'] {
  if (fault === undefined || fault.blame === 'caller') return 'info'
  return fault.kind === 'internal' ? 'error' : 'warn'
}

/** No control characters and no half letters: a line is read in terminals, and they would obey. */
// oxlint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/

const cleaned = (text: string, max: number): string => {
  if (text.length <= max && !unsafe.test(text)) return text
  const short = text.length > max ? `${text.slice(0, max)}…` : text
  return short.toWellFormed().replace(control, '?')
}

// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

const tenths = (ms: number): number => Math.round(ms * 10) / 10
