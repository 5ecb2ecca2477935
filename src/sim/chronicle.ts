import { createHash } from 'node:crypto'
import type { Ask } from '../core/ask.ts'
import type { Event, HedgeEnding } from '../core/event.ts'
import { type Comparison, comparisonsOf } from '../core/prediction.ts'
import type { Outcome } from '../core/reply.ts'

/** How one ask ended and what it cost, as the events tell. */
export interface Settled {
  readonly caller: string
  readonly priority: string
  readonly stream: boolean
  readonly spilled: boolean
  readonly at: number
  readonly outcome: Outcome
  readonly comparisons: readonly Comparison[]
}

interface Open {
  spilled: boolean
  /** Those that failed. */
  tries: number
}

interface ChronicleParts {
  readonly now: () => number
  readonly waiting: () => number
  readonly mayLeave: (ask: Ask) => boolean
  /** Whether somebody will ask for what has settled, and for who waited when. */
  readonly isKept: boolean
}

/** Listens to everything that happens, and forgets nothing of it, unless it is told that nobody will ask. */
export class Chronicle {
  readonly settled: Settled[] = []
  readonly failedAttempts: Record<string, number> = {}
  /** Of the asks that came, those that a second server was asked as well, and how those seconds ended. */
  asks = 0
  hedged = 0
  readonly hedges: Record<HedgeEnding, number> = { won: 0, lost: 0, failed: 0 }
  /** Who waits, each time that changes. */
  readonly queue: { readonly at: number; readonly depth: number }[] = []
  readonly #now: () => number
  readonly #waiting: () => number
  readonly #history = createHash('sha256')
  #lines = ''
  readonly #open = new Map<string, Open>()
  /** The first thing that was told and cannot be. */
  wrong: string | undefined

  readonly #mayLeave: (ask: Ask) => boolean
  readonly #isKept: boolean

  constructor(parts: ChronicleParts) {
    this.#isKept = parts.isKept
    this.#mayLeave = parts.mayLeave
    this.#now = parts.now
    this.#waiting = parts.waiting
  }

  /** Asks that came and have not ended. */
  get open(): number {
    return this.#open.size
  }

  /** Whether it has been failed by a server already, and may have a reason to wait for another. */
  wasFailed(id: string): boolean {
    return (this.#open.get(id)?.tries ?? 0) > 0
  }

  note(line: string): void {
    if (!this.#isKept) return
    this.#lines += line
    if (this.#lines.length < 65_536) return
    this.#history.update(this.#lines)
    this.#lines = ''
  }

  digest(): string {
    this.#history.update(this.#lines)
    return this.#history.digest('hex').slice(0, 16)
  }

  readonly listen = (event: Event): void => {
    const at = this.#now()
    const detail = 'upstream' in event ? event.upstream : ''
    const id = 'ask' in event ? event.ask.id : ''
    this.note(`${at} ${event.type} ${id} ${detail}\n`)
    switch (event.type) {
      case 'ask-arrived':
        if (this.#open.has(id)) this.wrong ??= `an ask arrives once (${id})`
        this.#open.set(id, { spilled: false, tries: 0 })
        this.asks += 1
        break
      case 'ask-hedged':
        this.#of(id, event.type)
        this.hedged += 1
        if (this.hedged > 0.02 * this.asks)
          this.wrong ??= `two in a hundred have a second server, and no more (${this.hedged})`
        break
      case 'hedge-ended':
        this.hedges[event.ending] += 1
        break
      case 'ask-granted': {
        this.#of(id, event.type).spilled = event.spilled
        if (event.tier > 0 && !this.#mayLeave(event.ask))
          this.wrong ??= `what must stay at home is never sent out (${id}, for ${event.ask.model})`
        const { arrivedAt, patienceMs } = event.ask
        // A hair more, for sums of fractions.
        const lateMs = at - arrivedAt - patienceMs
        if (event.waitMs > 0 && lateMs > 0.001)
          this.wrong ??= `nobody waits longer than his patience (${id}, ${lateMs} ms)`
        break
      }
      case 'attempt-failed':
        this.failedAttempts[event.kind] = (this.failedAttempts[event.kind] ?? 0) + 1
        this.#of(id, event.type).tries += 1
        break
      case 'ask-settled': {
        const { ask, outcome } = event
        const { spilled } = this.#of(id, event.type)
        const { fault: refusal, totalMs: agedMs } = outcome
        if (refusal?.kind === 'patience-spent' && agedMs + (refusal.etaMs ?? 0) < ask.patienceMs - 0.001) {
          this.wrong ??= `nobody is refused for patience he still has (${id}, after ${outcome.totalMs} of ${ask.patienceMs} ms)`
        }
        if (this.#isKept) this.settled.push(settledOf(event, spilled, at))
        this.#open.delete(id)
        break
      }
      case 'ask-queued':
      case 'first-token':
        this.#of(id, event.type)
        break
      default:
        return
    }
    if (!this.#isKept) return
    const depth = this.#waiting()
    if (this.queue.at(-1)?.depth !== depth) this.queue.push({ at, depth })
  }

  #of(id: string, type: Event['type']): Open {
    const open = this.#open.get(id)
    if (open !== undefined) return open
    this.wrong ??= `nothing is told of an ask that has ended or never came (${type})`
    return { spilled: false, tries: 0 }
  }
}

function settledOf({ ask, outcome }: Event & { type: 'ask-settled' }, spilled: boolean, at: number): Settled {
  const { caller, priority, stream } = ask
  return { caller: caller.id, priority, stream, spilled, at, outcome, comparisons: comparisonsOf(ask, outcome) }
}
