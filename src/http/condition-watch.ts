import type { Gateway } from '../gateway.ts'
import { conditionAt } from './condition.ts'

type Place = ReturnType<Gateway['fleet']['upstreams'][number]['place']>

/** What nothing else tells: each request that meets it has only a line of its own. */
type Trouble = 'fails' | 'unloadable' | 'slow'

interface Case {
  readonly trouble: Trouble
  lastAt: number
}

/**
 * Some come and go with the requests that try a server: it is well again only when it has been for so long. A slow one is
 * looked at seldom, and while one request is there nobody else does.
 */
const wellAfterMs: Readonly<Record<Trouble, number>> = { fails: 15_000, unloadable: 15_000, slow: 150_000 }
/** What is slower for less is not worth a line. */
const slowMinMs = 30_000

/**
 * Says in one line each when a server, or a model on it, begins to be left alone, because it fails, cannot be loaded or is
 * much slower than others, and when that is over.
 */
export class ConditionWatch {
  readonly #gateway: Pick<Gateway, 'fleet' | 'world' | 'emit'>
  readonly #cases = new Map<string, Case>()

  constructor(gateway: Pick<Gateway, 'fleet' | 'world' | 'emit'>) {
    this.#gateway = gateway
  }

  /** To be called now and then. */
  look(): void {
    const { fleet, world } = this.#gateway
    const now = world.now()
    for (const upstream of fleet.upstreams) {
      const { name } = upstream.settings
      // That it is down, or back, is told by whoever found out.
      if (upstream.up !== true) {
        this.#forget(name)
        continue
      }
      this.#see(name, upstream.breaker.state(now) === 'closed' ? undefined : 'fails', now)
      for (const [model, place] of upstream.places()) {
        const trouble = troubleAt(place, now)
        const reason = trouble === 'unloadable' ? conditionAt(model, place, now)?.why[0] : undefined
        this.#see(`${name} with ${model}`, trouble, now, reason && `${name} ${reason}`)
      }
    }
  }

  #see(who: string, trouble: Trouble | undefined, now: number, text?: string): void {
    const known = this.#cases.get(who)
    if (trouble === undefined) {
      if (known === undefined || now - known.lastAt < wellAfterMs[known.trouble]) return
      this.#cases.delete(who)
      this.#tell('info', `${who} is ${known.trouble === 'slow' ? 'as quick as others' : 'well'} again.`)
    } else if (known?.trouble === trouble) known.lastAt = now
    else {
      this.#cases.set(who, { trouble, lastAt: now })
      this.#tell('warn', text ?? `${who} ${sentences[trouble]}`)
    }
  }

  #forget(name: string): void {
    for (const who of this.#cases.keys()) if (who === name || who.startsWith(`${name} with `)) this.#cases.delete(who)
  }

  #tell(level: 'info' | 'warn', text: string): void {
    this.#gateway.emit({ type: 'notice', level, text })
  }
}

function troubleAt(place: Place, now: number): Trouble | undefined {
  switch (place.state(now)) {
    case 'unloadable':
      return 'unloadable'
    case 'resting':
    case 'trying':
      return 'fails'
    default:
      return place.slowness.leftAloneMs(now) >= slowMinMs ? 'slow' : undefined
  }
}

const sentences: Readonly<Record<Trouble, string>> = {
  fails: 'fails and is left alone; now and then one request finds out whether it is well again.',
  unloadable: 'cannot be loaded; it is tried again now and then.',
  slow: 'is much slower than others: requests go there only now and then.',
}
