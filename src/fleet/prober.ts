import type { Health } from '../core/backend.ts'
import type { Emit } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import { NetFault, type NetFaultKind, type World } from '../core/world.ts'
import type { Held, Upstream } from './upstream.ts'

export interface ProberParts {
  readonly upstreams: readonly Upstream[]
  readonly world: World
  readonly emit: Emit
  readonly probeEveryMs: number
  /** Something about an upstream is other than it was. */
  readonly onChange: (modelsChanged: boolean) => void
  /** It answered, and all that it told has been taken in. */
  readonly onFound: (upstream: Upstream) => void
}

/** A server that takes longer to list its models counts as not answering. */
export const probeMaxMs = 3_000
/** A server that tells how busy it is is asked this often while it is in use. */
const gaugeEveryMs = 1_000
/** A server that is down is looked at more often, so that it serves again as soon as it is back: less so, the longer it is. */
const downEveryMs = 500
const downEveryMaxMs = 1_400
const slackens = 1.3

const said: Readonly<Record<NetFaultKind, string>> = {
  refused: 'refuses connections',
  reset: 'breaks connections',
  timeout: 'does not answer in time',
  framing: 'answers with what is not HTTP',
  aborted: 'does not answer in time',
  unreachable: 'cannot be reached',
}

/** Asks every upstream now and then whether it is there and what it serves. Probes never load a model. */
export class Prober {
  readonly #parts: ProberParts
  readonly #wakes = new Map<Upstream, AbortController>()
  #stopped = true

  constructor(parts: ProberParts) {
    this.#parts = parts
  }

  /** Resolves when every upstream of which nothing is known was asked once, in parallel; keeps asking all until `stop`. */
  async start(): Promise<void> {
    if (!this.#stopped) return
    this.#stopped = false
    await Promise.all(
      this.#parts.upstreams.map(async (upstream) => {
        if (upstream.up === undefined) await this.#probe(upstream, false)
        void this.#watch(upstream)
      }),
    )
  }

  stop(): void {
    this.#stopped = true
    for (const wake of this.#wakes.values()) wake.abort()
  }

  async #watch(upstream: Upstream): Promise<void> {
    const { world, probeEveryMs } = this.#parts
    let troubled = false
    const onTrouble = (): void => {
      troubled = true
      this.#wakes.get(upstream)?.abort()
    }
    upstream.onTrouble = onTrouble
    let mayBeBusy = upstream.up === true
    let downMs = downEveryMs
    while (!this.#stopped) {
      if (!troubled) {
        downMs = upstream.up === false ? Math.min(downEveryMaxMs, downMs * slackens) : downEveryMs
        const everyMs = upstream.up === false ? Math.min(downMs, probeEveryMs) : probeEveryMs
        // Spread, so that many gateways do not ask one server at the same instant.
        await this.#rest(upstream, everyMs * (0.9 + 0.2 * world.random()))
        if (this.#stopped) break
      }
      troubled = false
      // A server too busy to answer a probe in time is not down, unless it is so twice in a row.
      const late = await this.#probe(upstream, mayBeBusy)
      mayBeBusy = upstream.up === true && !late
    }
    // Another prober may look after it by now.
    if (upstream.onTrouble === onTrouble) upstream.onTrouble = () => {}
  }

  /** Between two probes. Meanwhile a server in use is only asked how busy it is. */
  async #rest(upstream: Upstream, ms: number): Promise<void> {
    const { world } = this.#parts
    const wake = new AbortController()
    this.#wakes.set(upstream, wake)
    const until = world.now() + ms
    let tells = upstream.tellsGauge
    while (tells && until - world.now() > gaugeEveryMs) {
      await world.sleep(gaugeEveryMs, wake.signal)
      if (wake.signal.aborted) break
      if (upstream.wantsGauge) tells = await this.#gauge(upstream)
    }
    await world.sleep(until - world.now(), wake.signal)
    this.#wakes.delete(upstream)
  }

  /** Tells whether it is worth asking again before the next probe. */
  async #gauge(upstream: Upstream): Promise<boolean> {
    const held = upstream.held()
    try {
      const gauge = await upstream.settings.backend.gauge!(upstream.call)
      if (gauge === undefined || this.#stopped) return false
      if (upstream.told({ gauge }, held, this.#parts.world.now())) this.#parts.onChange(false)
      return true
    } catch {
      // The next probe finds out what that means.
      return false
    }
  }

  /** Tells whether the answer was merely late, and forgiven. */
  async #probe(upstream: Upstream, mayBeBusy: boolean): Promise<boolean> {
    const held = upstream.held()
    let health: Health
    try {
      health = await this.#bounded(upstream)
    } catch (error) {
      if (this.#stopped) return false
      if (mayBeBusy && error instanceof NetFault && error.kind === 'timeout') return true
      this.#lost(upstream, reasonOf(error), isNotReady(error))
      return false
    }
    if (!this.#stopped) this.#found(upstream, health, held)
    return false
  }

  /** One probe is several calls to some kinds of servers: the whole of it is bounded too. */
  async #bounded(upstream: Upstream): Promise<Health> {
    const { world } = this.#parts
    const over = new AbortController()
    try {
      const health = await Promise.race([
        upstream.settings.backend.probe(upstream.call),
        world.sleep(probeMaxMs, over.signal),
      ])
      if (health !== undefined) return health
    } finally {
      over.abort(answered)
    }
    throw new NetFault('timeout', `no answer within ${probeMaxMs / 1_000} s`)
  }

  #found(upstream: Upstream, health: Health, held: Held): void {
    const before = namesOf(upstream)
    const knownAdvice = upstream.advice
    const wasUp = upstream.up
    const modelsChanged = upstream.learn(health)
    const hasRoom = upstream.told(health, held, this.#parts.world.now())
    upstream.up = true
    upstream.lastError = undefined
    upstream.isWarming = false
    if (wasUp === false) upstream.returned()
    const reason = wasUp === true ? changes(before, namesOf(upstream)) : welcome(upstream)
    if (reason !== undefined) this.#tell(upstream, reason)
    for (const advice of upstream.advice) {
      if (knownAdvice.includes(advice)) continue
      const text = `${upstream.settings.name}: ${advice}`
      this.#parts.emit({ type: 'notice', level: 'warn', text })
    }
    if (modelsChanged || hasRoom || wasUp !== true) this.#parts.onChange(modelsChanged)
    this.#parts.onFound(upstream)
  }

  #lost(upstream: Upstream, reason: string, isWarming: boolean): void {
    const { up: wasUp, isWarming: wasWarming } = upstream
    upstream.up = false
    upstream.isWarming = isWarming
    upstream.lastError = reason
    upstream.told({}, upstream.held(), this.#parts.world.now())
    if (wasUp === false && isWarming === wasWarming) return
    this.#tell(upstream, `It ${reason}.`)
    this.#parts.onChange(false)
  }

  #tell(upstream: Upstream, reason: string): void {
    this.#parts.emit({ type: 'upstream-changed', upstream: upstream.settings.name, up: upstream.up === true, reason })
  }
}

/** Named: one that is made for each probe costs more than all else about it. */
const answered = new Error('It has been answered.')

/** It is there, and asks for patience: it loads its model, as after each start. */
const isNotReady = (error: unknown): boolean => error instanceof Fault && error.kind === 'upstream-busy'

const namesOf = (upstream: Upstream): ReadonlySet<string> => new Set(upstream.models().map(({ name }) => name))

function welcome(upstream: Upstream): string {
  const count = upstream.models().length
  const version = upstream.version === undefined ? '' : ` (version ${upstream.version})`
  return `It answers${version} and serves ${count} ${count === 1 ? 'model' : 'models'}.`
}

function changes(before: ReadonlySet<string>, after: ReadonlySet<string>): string | undefined {
  const came = [...after.difference(before)]
  const went = [...before.difference(after)]
  if (came.length === 0 && went.length === 0) return undefined
  const parts = [
    ...(came.length === 0 ? [] : [`now serves ${listed(came)}`]),
    ...(went.length === 0 ? [] : [`no longer serves ${listed(went)}`]),
  ]
  return `It ${parts.join(' and ')}.`
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}

function reasonOf(error: unknown): string {
  if (error instanceof NetFault) return said[error.kind]
  const message = error instanceof Error ? error.message : 'unknown error'
  return `failed its probe: ${message.replace(/\s+/g, ' ').replace(/\.$/, '').slice(0, 200)}`
}
