import type { Ask, Caller } from './core/ask.ts'
import type { Dialect, Position } from './core/dialect.ts'
import { Guardrails } from './accounts/guardrails.ts'
import { MemoryNotes } from './accounts/memory-notes.ts'
import { Treasury } from './accounts/treasury.ts'
import type { Emit, Event } from './core/event.ts'
import { Fault } from './core/fault.ts'
import type { Keyring } from './core/keyring.ts'
import type { Ledger } from './core/ledger.ts'
import { Listeners } from './core/listeners.ts'
import type { Notes } from './core/notes.ts'
import type { Policy } from './core/policy.ts'
import { noPressure, type Pressure } from './core/pressure.ts'
import type { Shop } from './core/purse.ts'
import { compose, type Layer, type Serve } from './core/serve.ts'
import { type Settings, usualRetryShare } from './core/settings.ts'
import { usualShares } from './core/shares.ts'
import { Watchdog } from './core/watchdog.ts'
import type { World } from './core/world.ts'
import { cut, dialectOf, errandAnswer, glanceOf } from './dialects/asks.ts'
import { dialects, talkById } from './dialects/index.ts'
import { reachOf } from './dialects/reach.ts'
import { dispatch } from './dispatch/dispatch.ts'
import { resumable } from './dispatch/resumable.ts'
import { exactly, Ways } from './dispatch/ways.ts'
import { runErrand } from './fleet/errands.ts'
import { Fleet } from './fleet/fleet.ts'
import { homesOf } from './fleet/homes.ts'
import { PrivateModels } from './fleet/private-models.ts'
import { Wordiness } from './fleet/wordiness.ts'
import { Callers } from './keys/callers.ts'
import { MemoryLedger } from './ledger/memory.ts'
import { Closing } from './layers/closing.ts'
import { accounts } from './layers/accounts.ts'
import { Asking, type AskInput } from './layers/asking.ts'
import { errands } from './layers/errands.ts'
import { counted, fit } from './layers/fit.ts'
import { hooks, type Hooks, onBudget } from './layers/hooks.ts'
import { limits } from './layers/limits.ts'
import { type AskView, observe, Roster } from './layers/observe.ts'
import { checkPermitted, permit } from './layers/permit.ts'
import { recall } from './layers/recall.ts'
import { relief } from './layers/relief.ts'
import { standInFor, type StandInParts, standIns } from './layers/stand-ins.ts'
import { defaultPolicy } from './policies/index.ts'
import type { Explanation } from './scheduler/explain.ts'
import { costsMoney } from './scheduler/paid.ts'
import { Scheduler } from './scheduler/scheduler.ts'

export type { AskInput } from './layers/asking.ts'
export type { AskView } from './layers/observe.ts'
export type { Explanation } from './scheduler/explain.ts'

/** The engine, whoever calls it: the HTTP door, an application in process, or the simulator. */
export interface Gateway {
  readonly serve: Serve
  readonly settings: Settings
  readonly world: World
  readonly fleet: Fleet
  readonly dialects: readonly Dialect[]
  /** Those who may ask, with and without keys. */
  readonly callers: Pick<Callers, 'isOpen' | 'takesKeyless' | 'named'>
  /** What may be used up, and what was. */
  readonly treasury: Treasury
  readonly ledger: Ledger
  /** What somebody should know of money, and the switch that closes the cloud. */
  readonly guardrails: Guardrails
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
  /** Where money is set aside and requests are taken down; without one, in memory. */
  readonly ledger?: Ledger | undefined
  /** What is remembered beside that; without it, for as long as the process runs. */
  readonly notes?: Notes | undefined
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
  readonly treasury: Treasury
  readonly ledger: Ledger
  readonly guardrails: Guardrails
  readonly #scheduler: Scheduler
  readonly #watchdog: Watchdog
  readonly #roster = new Roster()
  readonly #wordiness = new Wordiness()
  readonly #ways: Ways
  readonly #listeners = new Listeners(
    this.#roster.listen,
    (event) => this.#learn(event),
    (event) => this.treasury.listen(event),
    (event) => this.guardrails.listen(event),
  )
  readonly #closing = new Closing()
  readonly #keyring: Keyring | undefined
  readonly #asking: Asking
  #settings: Settings
  callers: Callers
  #privateModels: PrivateModels
  #dispatch: Serve
  #reloaded: Promise<void> = Promise.resolve()

  constructor(settings: Settings, options: GatewayOptions) {
    const { world, layers = [], hooks: applied, policy = defaultPolicy, pressure = noPressure } = options
    const { ledger = new MemoryLedger({ world }), notes = new MemoryNotes() } = options
    const { emit } = this
    this.#settings = settings
    this.world = world
    this.#keyring = options.keyring
    this.callers = this.#callersOf(settings)
    this.treasury = new Treasury({
      ledger,
      world,
      emit,
      settings: () => this.#settings,
      shopsOf: (model) => this.#shopsOf(model),
      cut,
    })
    this.ledger = ledger
    this.guardrails = new Guardrails({
      world,
      emit,
      notes,
      ledger,
      treasury: this.treasury,
      alerts: () => this.#settings.money?.alerts,
      homesOf: (model) => homesOf(this.fleet, model),
      // Nobody else can have changed what only this process knows.
      lookEveryMs: options.notes === undefined ? 10_000 : 1_000,
    })
    if (applied !== undefined) this.subscribe(onBudget(applied, this.#onHookThrow))
    this.#asking = new Asking({
      world,
      settings: () => this.#settings,
      wishesOf: (caller) => this.callers.wishes(caller),
      estimate: (model, guessedTokens) => this.#wordiness.estimate(model, guessedTokens),
      isPrivate: (model) => this.#privateModels.isPrivate(model),
      purseOf: (caller, id) => this.treasury.purseOf(caller, id),
      haveNames: () => !this.callers.isOpen || this.#settings.anonymous !== undefined,
    })
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
    this.treasury.onRoom(() => this.#scheduler.lookAgain())
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
          answerTo: (errand, ask) => errandAnswer(errand, ask, world),
        }),
        fit({ isPlain: (ask) => ways.isPlain(ask), waysOf: (ask) => ways.of(ask), exactly }),
        // Before those of an application, which may keep answers by the model that gave them.
        standIns(this.#standInParts),
        ...layers,
        // Last of all: what was answered from somewhere else costs nothing.
        accounts(this.treasury),
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

  ask(input: AskInput): Ask {
    return this.#asking.ask(input)
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
      const refusal = this.treasury.refusal(ask)
      if (refusal !== undefined) throw refusal
      if (errand !== undefined) return this.#scheduler.explain(ask, { action: 'errand', errand })
      const fits = this.#ways.isPlain(ask)
      const sized = fits ? ask : await counted(ask, this.#ways.of(ask), exactly)
      return this.#scheduler.explain(this.#privateModels.kept(standInFor(sized, this.#standInParts) ?? sized))
    } catch (error) {
      return this.#scheduler.explain(ask, { action: 'refuse', fault: Fault.from(error) })
    }
  }

  asks(): readonly AskView[] {
    return this.#roster.views(this.world.now())
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

  async start(): Promise<void> {
    await this.guardrails.start()
    await this.fleet.start()
  }

  get ready(): boolean {
    return !this.#closing.begun && (this.fleet.anyUp || this.fleet.probed)
  }

  drain(): Promise<void> {
    return this.#closing.begin()
  }

  stop(): Promise<void> {
    this.fleet.stop()
    this.treasury.stop()
    this.guardrails.stop()
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

  #shopsOf(model: string): readonly Shop[] {
    const { offers = [] } = this.fleet.offering(model) ?? {}
    const paid = offers.filter(({ upstream }) => costsMoney(upstream))
    return paid.map(({ upstream, model: { id } }) => ({ upstream: upstream.settings.name, model: id }))
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
      barred: ({ caller }) => this.callers.barred(caller),
      offersOf: (model) => this.fleet.offering(model)?.offers ?? [],
      mayResume: resumable(models),
    })
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
}
