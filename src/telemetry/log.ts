import type { Event } from '../core/event.ts'
import { Gathering } from '../core/gathering.ts'
import { pretty } from './pretty.ts'
import { type EventView, viewOf } from './view.ts'

type Level = EventView['level']

/** How long a line may be held back, and how many bytes. */
const heldMs = 40
const heldMax = 64 * 1024

const forDebugging: ReadonlySet<Event['type']> = new Set([
  'ask-arrived',
  'ask-queued',
  'ask-granted',
  'ask-hedged',
  'hedge-ended',
  'first-token',
  'money-spent',
])

const ranks: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

export interface LogOptions {
  /** Gets whole lines, many at once. What it wants to keep it copies. */
  readonly write: (lines: Buffer) => void
  /** JSON for machines, words and colours for people. */
  readonly format: 'json' | 'pretty'
  /** What is worth a line; by default all but `debug`. */
  readonly level?: Level
  /** Milliseconds since 1970; a World has it. */
  readonly epochMs?: () => number
}

export interface Log {
  (event: Event): void
  /** What is worth a line, and as what, from now on. */
  adjust(to: Pick<LogOptions, 'format' | 'level'>): void
  /** Writes what is held back. Happens by itself soon, and when the process exits. */
  flush(): void
}

/** A line for every ask that ended or was refused, for every attempt and upstream that failed, and for what the gateway has to say. */
export function logger({ write, epochMs = Date.now, ...begun }: LogOptions): Log {
  let { line, level } = mannerOf(begun)
  const held = new Gathering()
  let timer: NodeJS.Timeout | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (held.length === 0) return
    process.off('exit', flush)
    const lines = held.take()
    write(lines)
    held.giveBack(lines)
  }
  const log = (event: Event): void => {
    // Three quarters of all events are for nobody but a debugger: not even a view is made of them.
    if (level !== 'debug' && forDebugging.has(event.type)) return
    const view = viewOf(event)
    if (ranks[view.level] < ranks[level]) return
    // Writing is a system call, and to a pipe one that waits: under load hundreds of lines share it.
    if (held.length === 0) {
      timer = setTimeout(flush, heldMs)
      process.on('exit', flush)
    }
    held.add(`${line(view, epochMs())}\n`)
    if (held.length > heldMax) flush()
  }
  const adjust: Log['adjust'] = (to) => {
    ;({ line, level } = mannerOf(to))
  }
  return Object.assign(log, { flush, adjust })
}

interface Manner {
  readonly line: (view: EventView, atMs: number) => string
  readonly level: Level
}

const mannerOf = ({ format, level = 'info' }: Pick<LogOptions, 'format' | 'level'>): Manner => ({
  line: format === 'json' ? json : pretty,
  level,
})

/** The view's own JSON with the time put in front of it. */
const json = (view: EventView, atMs: number): string => `{"time":"${dateOf(atMs)}",${JSON.stringify(view).slice(1)}`

let dated = { ms: NaN, text: '' }

/** Under load many lines share a millisecond, and making a date of it costs more than the rest of the line. */
function dateOf(ms: number): string {
  if (ms !== dated.ms) dated = { ms, text: new Date(ms).toISOString() }
  return dated.text
}
