import type { Ask, Priority } from '../core/ask.ts'
import type { Emit, Event } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { Outcome, Prediction } from '../core/reply.ts'
import type { Layer } from '../core/serve.ts'
import { noUsage } from '../core/usage.ts'
import type { World } from '../core/world.ts'

/** Tells of every ask that it came and how it ended, whether or not it was ever served. */
export function observe(world: World, emit: Emit): Layer {
  return (next) => async (ask) => {
    emit({ type: 'ask-arrived', ask })
    try {
      const reply = await next(ask)
      const { decision } = reply
      void reply.outcome.then((outcome) => emit({ type: 'ask-settled', ask, outcome, decision }))
      return reply
    } catch (error) {
      const fault = Fault.from(error, ask.signal)
      emit({ type: 'ask-settled', ask, outcome: refused(ask, fault, world.now()) })
      throw fault
    }
  }
}

function refused(ask: Ask, fault: Fault, now: number): Outcome {
  const totalMs = now - ask.arrivedAt
  return {
    usage: noUsage,
    upstream: '',
    tier: 0,
    attempts: 0,
    waitMs: totalMs,
    firstTokenMs: undefined,
    totalMs,
    fault,
  }
}

/** An ask that is queued or running, as a person may see it: never its content. */
export interface AskView {
  readonly id: string
  readonly caller: string
  readonly model: string
  readonly dialect: string
  readonly priority: Priority
  readonly stream: boolean
  readonly state: 'queued' | 'running'
  readonly upstream: string | undefined
  readonly ageMs: number
  /** Until it is expected to end, as was thought when it was let in; undefined where nobody can say. */
  readonly leftMs: number | undefined
  readonly promptTokens: number
}

/** What may be shown of an ask that is here. */
interface Present {
  readonly id: string
  readonly caller: string
  /** The one that it waits for or is answered by, which need not be the one that was asked for. */
  model: string
  readonly dialect: string
  readonly priority: Priority
  readonly stream: boolean
  readonly promptTokens: number
  readonly arrivedAt: number
  /** Where it runs; undefined while it waits. */
  upstream: string | undefined
  /** When it is expected to end, as was thought when it was let in. */
  endsAt: number | undefined
}

/** Who is here now: the asks between their arrival and their end, and where they are. */
export class Roster {
  // By id, since a layer may have passed on a copy; and never the asks themselves, whose bodies may be large.
  readonly #present = new Map<string, Present>()

  views(now: number): readonly AskView[] {
    return Array.from(this.#present.values(), ({ arrivedAt, endsAt, ...known }) => ({
      ...known,
      leftMs: endsAt && Math.max(0, endsAt - now),
      state: known.upstream === undefined ? 'queued' : 'running',
      ageMs: now - arrivedAt,
    }))
  }

  /** When an ask that is here is expected to end; undefined where nobody can say. */
  endOf({ id }: Ask): number | undefined {
    return this.#present.get(id)?.endsAt
  }

  readonly listen = (event: Event): void => {
    switch (event.type) {
      case 'ask-arrived':
        this.#present.set(event.ask.id, present(event.ask))
        break
      case 'ask-queued':
        this.#at(event.ask, undefined)
        this.#predicted(event.ask, event.predicted)
        break
      case 'ask-granted':
        this.#at(event.ask, event.upstream)
        this.#predicted(event.ask, event.predicted)
        break
      case 'attempt-failed':
        if (!event.midStream) this.#at(event.ask, undefined)
        break
      case 'hedge-ended':
        if (event.ending === 'won') this.#at(event.ask, event.upstream)
        break
      case 'ask-settled':
        this.#present.delete(event.ask.id)
        break
    }
  }

  #predicted({ id, arrivedAt }: Ask, predicted: Prediction | undefined): void {
    const known = this.#present.get(id)
    if (known !== undefined) known.endsAt = predicted && arrivedAt + predicted.totalMs
  }

  #at({ id, model }: Ask, upstream: string | undefined): void {
    const known = this.#present.get(id)
    if (known === undefined) return
    known.model = model
    known.upstream = upstream
  }
}

const present = ({ id, caller, model, dialect, priority, stream, promptTokens, arrivedAt }: Ask): Present => ({
  id,
  caller: caller.id,
  model,
  dialect,
  priority,
  stream,
  promptTokens,
  arrivedAt,
  upstream: undefined,
  endsAt: undefined,
})
