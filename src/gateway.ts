import type { Ask, Caller, Cloud, Errand, Priority } from './core/ask.ts'
import type { Dialect, Position } from './core/dialect.ts'
import type { Emit, Event } from './core/event.ts'
import { Fault } from './core/fault.ts'
import type { Json } from './core/json.ts'
import type { Keyring } from './core/keyring.ts'
import { Listeners } from './core/listeners.ts'
import type { Policy } from './core/policy.ts'
import { noPressure, type Pressure } from './core/pressure.ts'
import { compose, type Layer, type Serve } from './core/serve.ts'
import { type Settings, usualRetryShare } from './core/settings.ts'
import { usualShares } from './core/shares.ts'
import { Watchdog } from './core/watchdog.ts'
import { steadyDate, type World } from './core/world.ts'
import { dialectById, dialects, talkById } from './dialects/index.ts'
import { reachOf } from './dialects/reach.ts'
import { dispatch } from './dispatch/dispatch.ts'
import { resumable } from './dispatch/resumable.ts'
import { exactly, Ways } from './dispatch/ways.ts'
import { runErrand } from './fleet/errands.ts'
import { Fleet } from './fleet/fleet.ts'
import { PrivateModels } from './fleet/private-models.ts'
import { Wordiness } from './fleet/wordiness.ts'
import { Callers } from './keys/callers.ts'
import { Closing } from './layers/closing.ts'
import { errands } from './layers/errands.ts'
import { counted, fit } from './layers/fit.ts'
import { hooks, type Hooks } from './layers/hooks.ts'
import { limits } from './layers/limits.ts'
import { observe, Roster } from './layers/observe.ts'
import { checkPermitted, permit } from './layers/permit.ts'
import { recall } from './layers/recall.ts'
import { relief } from './layers/relief.ts'
import { standInFor, type StandInParts, standIns } from './layers/stand-ins.ts'
import { defaultPolicy } from './policies/index.ts'
import type { Explanation } from './scheduler/explain.ts'
import { Scheduler } from './scheduler/scheduler.ts'

export type { Explanation } from './scheduler/explain.ts'

/** What a request brings along, before defaults. */
export interface AskInput {
  readonly dialect: Dialect
  readonly body: Json
  /** The bytes the body was parsed from, so that they can be passed on as they are. */
  readonly raw?: Uint8Array
  readonly caller: Caller
  readonly signal: AbortSignal
  readonly id?: string | undefined
  readonly patienceMs?: number | undefined
  readonly deadlineMs?: number | undefined
  readonly priority?: Priority | undefined
  readonly cloud?: Cloud | undefined
  /** Those that the dialect names in `passHeaders`. */
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined
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

/** The engine, whoever calls it: the HTTP door, an application in process, or the simulator. */
export interface Gateway {
  readonly serve: Serve
  readonly settings: Settings
  readonly world: World
  readonly fleet: Fleet
  readonly dialects: readonly Dialect[]
  /** Those who may ask, with and without keys. */
  readonly callers: Pick<Callers, 'isOpen' | 'takesKeyless' | 'named'>
  /**
   * The caller behind a credential. Throws `unauthorized`; without any keys everyone is `anonymous`, and where those have
   * limits, told apart by the address.
   */
  identify(credential: string | undefined, address?: string): Caller
  /** Reads a request into a frozen ask. Throws `bad-request`. */
  ask(input: AskInput): Ask
  /** How many tokens a request has: exact where a server tells, else estimated, and rather too many. */
  countTokens(input: AskInput): Promise<number>
  /**
   * What would become of such a request now, and why. It takes no place and changes nothing; near the limit of a context a
   * server is asked to count, as it would be. Throws `bad-request`.
   */
  explain(input: AskInput): Promise<Explanation>
  asks(): readonly AskView[]
  /** Where an ask stands in the queue; undefined for one that does not wait there. */
  position(ask: Ask): Position | undefined
  readonly waiting: number
  readonly emit: Emit
  subscribe(listener: (event: Event) => void): () => void
  /**
   * Goes by other settings from now on, once servers that are new were looked at. What runs ends as it began, who waits
   * stays in line, and a server that stays keeps what was learned of it.
   */
  reload(settings: Settings): Promise<void>
  /** Probes once and keeps probing. Resolves after the first round. */
  start(): Promise<void>
  /** At least one upstream answered, or the first round of probes is over; false from `drain` on. */
  readonly ready: boolean
  /** Stops taking new asks; resolves when the running ones have ended. */
  drain(): Promise<void>
  stop(): Promise<void>
}

export interface GatewayOptions {
  readonly world: World
  /** Wrapped around dispatch, inside the gateway's own layers. */
  readonly layers?: readonly Layer[] | undefined
  readonly hooks?: Hooks | undefined
  /** Which of the places that are free is best for an ask. */
  readonly policy?: Policy | undefined
  /** How near this process is to the end of what it has. */
  readonly pressure?: Pressure | undefined
  /** Keys beside those of the configuration. */
  readonly keyring?: Keyring | undefined
}

/** The composition root: the one place that knows which parts there are and how they fit. */
export function createGateway(settings: Settings, options: GatewayOptions): Gateway {
  return new Engine(settings, options)
}

class Engine implements Gateway {
  readonly serve: Serve
  readonly world: World
  readonly fleet: Fleet
  readonly dialects: readonly Dialect[] = dialects
  readonly #scheduler: Scheduler
  readonly #watchdog: Watchdog
  readonly #roster = new Roster()
  readonly #wordiness = new Wordiness()
  readonly #ways: Ways
  readonly #listeners = new Listeners(this.#roster.listen, (event) => this.#learn(event))
  readonly #closing = new Closing()
  /** Sets the ids of this process apart from those of any other. */
  readonly #idStart: string
  readonly #keyring: Keyring | undefined
  #settings: Settings
  callers: Callers
  #privateModels: PrivateModels
  #dispatch: Serve
  #reloaded: Promise<void> = Promise.resolve()
  #asked = 0

  constructor(settings: Settings, options: GatewayOptions) {
    const { world, layers = [], hooks: applied, policy = defaultPolicy, pressure = noPressure } = options
    const { emit } = this
    this.#settings = settings
    this.world = world
    this.#idStart = Math.floor(world.random() * 0x1_0000_0000_0000).toString(36)
    this.#keyring = options.keyring
    this.callers = this.#callersOf(settings)
    const { upstreams, probeEveryMs, queue } = settings
    this.fleet = new Fleet({ upstreams, world, emit, probeEveryMs, canOf: reachOf })
    this.#privateModels = this.#privateModelsOf(settings)
    this.#scheduler = new Scheduler({
      world,
      fleet: this.fleet,
      policy,
      queueMax: queue.max,
      shares: queue.shares,
      emit,
    })
    this.#watchdog = new Watchdog(world)
    const ways = new Ways(this.fleet, dialectOf)
    this.#ways = ways
    this.#dispatch = this.#dispatchBy(settings)
    this.serve = compose(
      [
        observe(world, emit),
        relief({ world, pressure, isServedAtHome: ({ model }) => this.fleet.offering(model)?.lowestTier === 0 }),
        this.#closing.layer,
        ...(applied === undefined ? [] : [hooks(applied, { glanceOf, onThrow: this.#onHookThrow })]),
        // After the hooks, which may have chosen another model.
        permit,
        (next) => (ask) => next(this.#privateModels.kept(ask)),
        recall({ recallOf: (id) => talkById(id)?.recall, glanceOf }),
        // What is recalled counts; and no server has been asked anything so far.
        limits(world, (ask) => this.#roster.endOf(ask)),
        errands({
          now: () => world.now(),
          run: (errand, ask) => runErrand(this.fleet, errand, ask, !this.callers.isOpen),
          answerTo: (errand, ask) => this.#errandAnswer(errand, ask),
        }),
        fit({ isPlain: (ask) => ways.isPlain(ask), waysOf: (ask) => ways.of(ask), exactly }),
        // Before those of an application, which may keep answers by the model that gave them.
        standIns(this.#standInParts),
        ...layers,
      ],
      // Once more: a layer may have chosen another model.
      (ask) => this.#dispatch(this.#privateModels.kept(ask)),
    )
  }

  get settings(): Settings {
    return this.#settings
  }

  identify(credential: string | undefined, address?: string): Caller {
    return this.callers.identify(credential, address)
  }

  ask({ dialect, body, raw, caller, signal, id, patienceMs, deadlineMs, priority, cloud, headers }: AskInput): Ask {
    const { model, stream, promptTokens, outputTokensMax, answers, needs, errand, prefix } = dialect.glance(body)
    const wishes = this.callers.wishes(caller)
    const { queue } = this.#settings
    return {
      id: id ?? this.#nextId(),
      caller,
      dialect: dialect.id,
      model,
      stream,
      promptTokens: this.#wordiness.estimate(model, promptTokens),
      guessedTokens: promptTokens,
      outputTokensMax,
      answers,
      needs,
      errand,
      prefix,
      body,
      raw,
      headers: headers ?? noHeaders,
      priority: priority === undefined ? caller.priority : this.#granted(priority, caller),
      // A caller may keep a request at home, never send one out that must stay.
      cloud: cloud === 'never' || this.#privateModels.isPrivate(model) ? 'never' : caller.cloud,
      patienceMs: patienceMs ?? wishes?.patienceMs ?? queue.patienceMs,
      deadlineMs: deadlineMs ?? wishes?.deadlineMs ?? queue.deadlineMs,
      arrivedAt: this.world.now(),
      signal,
    }
  }

  async countTokens(input: AskInput): Promise<number> {
    const ask = this.ask(input)
    checkPermitted(ask)
    return this.#ways.count(ask)
  }

  async explain(input: AskInput): Promise<Explanation> {
    const ask = this.ask(input)
    const { errand } = ask
    try {
      this.#closing.check()
      checkPermitted(ask)
      if (errand !== undefined) return this.#scheduler.explain(ask, { action: 'errand', errand })
      const fits = this.#ways.isPlain(ask)
      const sized = fits ? ask : await counted(ask, this.#ways.of(ask), exactly)
      return this.#scheduler.explain(this.#privateModels.kept(standInFor(sized, this.#standInParts) ?? sized))
    } catch (error) {
      return this.#scheduler.explain(ask, { action: 'refuse', fault: Fault.from(error) })
    }
  }

  asks(): readonly AskView[] {
    const now = this.world.now()
    return Array.from(this.#roster.list(), ({ arrivedAt, endsAt, ...known }) => ({
      ...known,
      leftMs: endsAt && Math.max(0, endsAt - now),
      state: known.upstream === undefined ? 'queued' : 'running',
      ageMs: now - arrivedAt,
    }))
  }

  position(ask: Ask): Position | undefined {
    return this.#scheduler.position(ask)
  }

  get waiting(): number {
    return this.#scheduler.waiting
  }

  get emit(): Emit {
    return this.#listeners.emit
  }

  subscribe(listener: (event: Event) => void): () => void {
    return this.#listeners.add(listener)
  }

  reload(settings: Settings): Promise<void> {
    // One after the other, so that the last one asked for is the one that stays.
    const before = this.#reloaded.catch(() => {})
    this.#reloaded = before.then(async () => {
      const enforce = await this.fleet.prepare(settings)
      this.#settings = settings
      this.callers = this.#callersOf(settings)
      this.#privateModels = this.#privateModelsOf(settings)
      this.#dispatch = this.#dispatchBy(settings)
      this.#scheduler.queueMax = settings.queue.max
      this.#scheduler.shares = settings.queue.shares ?? usualShares
      enforce()
    })
    return this.#reloaded
  }

  start(): Promise<void> {
    return this.fleet.start()
  }

  get ready(): boolean {
    return !this.#closing.begun && (this.fleet.anyUp || this.fleet.probed)
  }

  drain(): Promise<void> {
    return this.#closing.begin()
  }

  stop(): Promise<void> {
    this.fleet.stop()
    return Promise.resolve()
  }

  /** What the server counted tells how many tokens this model makes of a text. */
  #learn(event: Event): void {
    if (event.type !== 'ask-settled') return
    const { ask, outcome } = event
    const { promptTokens, estimated } = outcome.usage
    // A picture weighs what its server makes of it.
    if (outcome.fault !== undefined || estimated === true || ask.needs.length > 1) return
    const model = outcome.model ?? ask.model
    if (this.fleet.offering(model) !== undefined)
      this.#wordiness.learn(model, ask.guessedTokens ?? ask.promptTokens, promptTokens)
  }

  #errandAnswer(errand: Errand, ask: Ask): Uint8Array {
    const dialect = dialectOf(ask.dialect)
    const epochMs = steadyDate(this.world)
    const { id, model, promptTokens } = ask
    const about = { id, model, promptTokens, createdMs: epochMs(), wantsUsage: false, epochMs }
    const done = dialect.errandDone?.(errand, about)
    if (done === undefined) throw new Fault('internal', `The dialect ${dialect.id} has no answer to an errand.`)
    return Buffer.from(`${JSON.stringify(done)}${ask.stream && dialect.form === 'talk' ? dialect.frameEnd : ''}`)
  }

  #privateModelsOf({ models = new Map() }: Settings): PrivateModels {
    return new PrivateModels(models, this.fleet)
  }

  #callersOf(settings: Settings): Callers {
    return new Callers(settings, { keyring: this.#keyring, clock: this.world })
  }

  #dispatchBy({ timeouts, attemptsMax, retryShare = usualRetryShare, models, hedge }: Settings): Serve {
    const { world, emit } = this
    return dispatch({
      world,
      scheduler: this.#scheduler,
      fleet: this.fleet,
      dialectOf,
      timeouts,
      attemptsMax,
      hedge,
      retryShare,
      watchdog: this.#watchdog,
      emit,
      offersOf: (model) => this.fleet.offering(model)?.offers ?? [],
      mayResume: resumable(models),
    })
  }

  /** Where callers have names, one may step back in the queue, not forward; where they have none, their word is all there is. */
  #granted(wished: Priority, { priority }: Caller): Priority {
    const isFree = this.callers.isOpen && this.#settings.anonymous === undefined
    return isFree || ranks[wished] > ranks[priority] ? wished : priority
  }

  readonly #standInParts: StandInParts = {
    standIns: () => this.#settings.standIns,
    isShort: (ask) => this.#scheduler.isShort(ask),
    isInTime: (ask) => this.#scheduler.isInTime(this.#privateModels.kept(ask)),
  }

  readonly #onHookThrow = (error: unknown): void => {
    const text = `A hook threw ${error instanceof Error ? error.name : typeof error}.`
    this.emit({ type: 'notice', level: 'error', text })
  }

  #nextId(): string {
    this.#asked += 1
    return `${this.#idStart}-${this.#asked.toString(36)}`
  }
}

const noHeaders: Ask['headers'] = []

const dialectOf = (id: string): Dialect => {
  const dialect = dialectById(id)
  if (dialect === undefined) throw new Fault('internal', `No dialect is called ${id}.`)
  return dialect
}

const glanceOf = (id: string, body: Json): ReturnType<Dialect['glance']> => dialectOf(id).glance(body)

const ranks: Readonly<Record<Priority, number>> = { interactive: 0, default: 1, batch: 2 }
