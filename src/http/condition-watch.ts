import type { Gateway } from '../gateway.ts'
import { conditionAt } from './condition.ts'

type Told = 'left alone' | 'slow'

/** Some conditions come and go with the requests that try a server: it is well again only when it has been for so long. */
const wellAfterMs = 15_000

interface Case {
  readonly told: Told
  lastAt: number
}

/**
 * Says in one line each when a server or a model on it begins to be left alone because it fails, or because it is much
 * slower than others, and when that is over. Nothing else tells of these: each request that met them has only its own line.
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
      if (upstream.up !== true) this.#forget(name)
      else {
        this.#see(name, name, upstream.breaker.state(now) === 'closed' ? undefined : 'left alone', now)
        for (const [model, place] of upstream.places()) {
          const { word = '' } = conditionAt(model, place, now) ?? {}
          this.#see(`${name} ${model}`, `${name} with ${model}`, tellable[word], now)
        }
      }
    }
  }

  #see(key: string, who: string, told: Told | undefined, now: number): void {
    const known = this.#cases.get(key)
    if (told === undefined) {
      if (known !== undefined && now - known.lastAt >= wellAfterMs) {
        this.#cases.delete(key)
        this.#tell('info', `${who} is ${known.told === 'slow' ? 'as quick as others' : 'well'} again.`)
      }
    } else if (known?.told === told) known.lastAt = now
    else {
      this.#cases.set(key, { told, lastAt: now })
      this.#tell('warn', `${who} ${sentences[told]}`)
    }
  }

  #forget(name: string): void {
    for (const key of this.#cases.keys()) if (key === name || key.startsWith(`${name} `)) this.#cases.delete(key)
  }

  #tell(level: 'info' | 'warn', text: string): void {
    this.#gateway.emit({ type: 'notice', level, text })
  }
}

const tellable: Readonly<Record<string, Told>> = { resting: 'left alone', 'on trial': 'left alone', slow: 'slow' }

const sentences: Readonly<Record<Told, string>> = {
  'left alone': 'fails and is left alone; now and then one request finds out whether it is well again.',
  slow: 'is much slower than others: requests go there only now and then.',
}
