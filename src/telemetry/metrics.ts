import type { Ask } from '../core/ask.ts'
import type { Event, HedgeEnding } from '../core/event.ts'
import type { Fault, FaultKind } from '../core/fault.ts'
import { comparisonsOf } from '../core/prediction.ts'
import type { Outcome } from '../core/reply.ts'
import { diskGauge, type DiskWatch } from './disk.ts'
import { type BoundsSource, measureBounds } from './bounds-metrics.ts'
import { type Backlog, measureMoney, type MoneyMetricsSource } from './money-metrics.ts'
import { watchProcess } from './process.ts'
import { measureRecording, type RecordingCounts } from './recording-metrics.ts'
import { type Counter, type Family, type Histogram, Registry } from './registry.ts'

/** What is read when Prometheus asks, rather than counted as it happens. A gateway is one. */
export interface MetricsSource {
  readonly world: { now(): number }
  /** Asks in the queue. */
  readonly waiting: number
  readonly fleet: {
    readonly upstreams: readonly MeasuredUpstream[]
    /** Those that serve a model, by any spelling of its name. */
    serving(model: string): readonly MeasuredUpstream[]
  }
}

export interface MeasuredUpstream {
  readonly settings: { readonly name: string }
  readonly up: boolean | undefined
  state(now: number): (typeof upstreamStates)[number]
  modelFor(name: string): { readonly name: string } | undefined
  /** By the upstream's own name for a model. */
  places(): Iterable<readonly [model: string, place: MeasuredPlace]>
}

interface MeasuredPlace {
  readonly inFlight: number
  readonly stalls: number
  state(now: number): (typeof placeStates)[number]
  readonly limit: { readonly value: number; readonly foreign: number }
}

const upstreamStates = ['unknown', 'up', 'warming', 'resting', 'trying', 'down'] as const
const placeStates = ['well', 'opening', 'resting', 'trying', 'stalled', 'unloadable'] as const

const answerSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640]
const firstTokenSeconds = [0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 25, 60, 120]
const ratios = [0.25, 0.4, 0.5, 0.625, 0.8, 0.9, 1, 1.1, 1.25, 1.6, 2, 2.5, 4]
const waitSeconds = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120]

const hedgeEndings: readonly HedgeEnding[] = ['won', 'lost', 'failed']

/** Spellings of model names kept at hand: looking one up is cheap, only not as cheap as this. */
const spellingsMax = 1_000

/** The event stream, counted. Names are a contract with people's dashboards: extend them, never rename them. */
export class Metrics {
  readonly #source: MetricsSource
  readonly #registry: Registry = new Registry()
  readonly #requests: Family<Counter>
  readonly #durations: Family<Histogram>
  readonly #firstTokens: Family<Histogram>
  readonly #waits: Family<Histogram>
  readonly #tokens: Family<Counter>
  readonly #cachedTokens: Family<Counter>
  readonly #fallbacks: Family<Counter>
  readonly #rejections: Family<Counter>
  readonly #failures: Family<Counter>
  readonly #hedges: Family<Counter>
  readonly #hedgeWaste: Counter
  readonly #resumes: Family<Counter>
  readonly #predictions: Family<Histogram>
  readonly #predictionErrors: Family<Counter>
  readonly #configReads: Family<Counter>
  /** The one it began with was good. */
  #config = { good: true, takenAtMs: Date.now() }
  readonly #modelNames = new Map<string, string>()
  /** What went wrong at the last upstream of an ask that may yet be granted another. */
  readonly #failed = new WeakMap<Ask, FaultKind>()

  constructor(source: MetricsSource) {
    this.#source = source
    const registry = this.#registry
    this.#requests = registry.counter({
      name: 'spillway_requests_total',
      help: 'Requests that have ended, by the status their caller was told.',
      labels: ['caller', 'model', 'upstream', 'dialect', 'status'],
    })
    this.#durations = registry.histogram({
      name: 'spillway_request_duration_seconds',
      help: 'From the arrival of a request to the end of its answer, for those that were served.',
      labels: ['model', 'upstream'],
      bounds: answerSeconds,
    })
    this.#firstTokens = registry.histogram({
      name: 'spillway_time_to_first_token_seconds',
      help: 'From the arrival of a request to its first token, the wait in the queue included.',
      labels: ['model', 'upstream'],
      bounds: firstTokenSeconds,
    })
    this.#waits = registry.histogram({
      name: 'spillway_queue_wait_seconds',
      help: 'Time spent waiting for a place, by those who got one and by those who waited in vain.',
      labels: ['model'],
      bounds: waitSeconds,
    })
    this.#tokens = registry.counter({
      name: 'spillway_tokens_total',
      help: 'Tokens read (input) and written (output) by the upstreams.',
      labels: ['direction', 'caller', 'model', 'upstream'],
    })
    this.#cachedTokens = registry.counter({
      name: 'spillway_prefix_cached_tokens_total',
      help: 'Of the tokens read, those that the upstream says it had in memory. Not all upstreams say so.',
      labels: ['model', 'upstream'],
    })
    this.#fallbacks = registry.counter({
      name: 'spillway_fallback_total',
      help: 'Requests sent elsewhere than first meant: spilled to a higher tier, or tried again after a failure.',
      labels: ['reason'],
    })
    // Present from the start: the rate of a series that appears with its first event never shows that event.
    this.#fallbacks.with('spill')
    this.#rejections = registry.counter({
      name: 'spillway_rejected_total',
      help: 'Requests the gateway turned away, at the door or while they waited.',
      labels: ['reason'],
    })
    this.#failures = registry.counter({
      name: 'spillway_upstream_failures_total',
      help: 'Attempts that failed, by upstream and by what went wrong.',
      labels: ['upstream', 'reason'],
    })
    this.#hedges = registry.counter({
      name: 'spillway_hedges_total',
      help: 'Requests that a second server was asked as well because the first was late: it spoke first (won), it did not (lost), or it broke (failed).',
      labels: ['outcome'],
    })
    for (const ending of hedgeEndings) this.#hedges.with(ending)
    this.#hedgeWaste = registry
      .counter({
        name: 'spillway_hedge_wasted_tokens_total',
        help: 'Tokens that the one that lost was given to read and had written, at most.',
        labels: [],
      })
      .with()
    this.#resumes = registry.counter({
      name: 'spillway_resumes_total',
      help: 'Streams that broke half way where models.resume allows another server to carry them on, by what became of them.',
      labels: ['outcome'],
    })
    for (const outcome of ['carried-on', 'failed'] as const) this.#resumes.with(outcome)
    this.#predictions = registry.histogram({
      name: 'spillway_prediction_ratio',
      help: 'What came, by what was predicted when the request was let in, for those served at the first try. Above 1 it came later. Less than 10 ms count as 10 ms.',
      labels: ['what'],
      bounds: ratios,
    })
    this.#predictionErrors = registry.counter({
      name: 'spillway_prediction_error_seconds_total',
      help: 'By how much predictions were off, in sum: later is what came later than predicted, sooner what came before.',
      labels: ['what', 'came'],
    })
    this.#configReads = registry.counter({
      name: 'spillway_config_reloads_total',
      help: 'How often the configuration was read again, by whether it was taken up or refused.',
      labels: ['result'],
    })
    for (const result of ['taken', 'refused']) this.#configReads.with(result)
    this.#addGauges()
    watchProcess(registry)
  }

  readonly listen = (event: Event): void => {
    switch (event.type) {
      case 'ask-granted':
        return this.#granted(event.ask, event.spilled)
      case 'attempt-failed':
        this.#failed.set(event.ask, event.kind)
        return this.#failures.with(event.upstream, event.kind).add(1)
      case 'hedge-ended':
        this.#hedges.with(event.ending).add(1)
        return this.#hedgeWaste.add(event.wastedTokens)
      case 'resumed':
        return this.#resumes.with(event.outcome).add(1)
      case 'first-token':
        return this.#firstTokens.with(this.#modelOf(event.ask), event.upstream).observe(event.afterMs / 1_000)
      case 'ask-settled':
        return this.#settled(event.ask, event.outcome)
      case 'request-refused':
        this.#requests.with('', '', '', event.dialect, String(event.status)).add(1)
        return this.#rejections.with(event.kind).add(1)
      case 'config-read':
        return this.#read(event.taken)
      default:
        return undefined
    }
  }

  /** Shows how full the volumes are as well. */
  watchDisk(disk: Pick<DiskWatch, 'volumes'>): void {
    diskGauge(this.#registry, disk)
  }

  /** Shows what is recorded as well. */
  watchRecording(counts: RecordingCounts): void {
    measureRecording(this.#registry, counts)
  }

  /** Shows how near the process is to its bounds as well. Returns what is to listen for it. */
  watchBounds(source: BoundsSource): (event: Event) => void {
    return measureBounds(this.#registry, source)
  }

  /** Shows what is spent as well. Returns what is to listen for it. */
  watchMoney(source: MoneyMetricsSource, backlog?: () => Backlog): (event: Event) => void {
    return measureMoney(this.#registry, source, backlog)
  }

  /** All of it in Prometheus' text format. */
  render(): string {
    return this.#registry.render()
  }

  #read(taken: boolean): void {
    this.#configReads.with(taken ? 'taken' : 'refused').add(1)
    this.#config = { good: taken, takenAtMs: taken ? Date.now() : this.#config.takenAtMs }
  }

  #granted(ask: Ask, spilled: boolean): void {
    const failure = this.#failed.get(ask)
    if (failure !== undefined) {
      this.#failed.delete(ask)
      this.#fallbacks.with(failure).add(1)
    } else if (spilled) {
      this.#fallbacks.with('spill').add(1)
    }
  }

  #settled(ask: Ask, outcome: Outcome): void {
    const { usage, upstream, attempts, waitMs, totalMs, fault } = outcome
    const model = this.#modelOf(ask)
    const caller = ask.caller.id
    this.#requests.with(caller, model, upstream, ask.dialect, String(fault?.status ?? 200)).add(1)
    if (attempts > 0 || waitedInVain(fault)) this.#waits.with(model).observe(waitMs / 1_000)
    if (fault !== undefined && attempts === 0 && turnedAway(fault)) this.#rejections.with(fault.kind).add(1)
    if (attempts === 0) return
    for (const { what, predictedMs, actualMs, ratio } of comparisonsOf(ask, outcome)) {
      this.#predictions.with(what).observe(ratio)
      const came = actualMs > predictedMs ? 'later' : 'sooner'
      this.#predictionErrors.with(what, came).add(Math.abs(actualMs - predictedMs) / 1_000)
    }
    this.#tokens.with('input', caller, model, upstream).add(usage.promptTokens)
    this.#tokens.with('output', caller, model, upstream).add(usage.outputTokens)
    if (usage.cachedTokens !== undefined) this.#cachedTokens.with(model, upstream).add(usage.cachedTokens)
    if (fault === undefined) this.#durations.with(model, upstream).observe(totalMs / 1_000)
  }

  /** The fleet's own name for it. What no upstream serves is whatever a stranger likes to write, and must not become a time series. */
  #modelOf({ model }: Ask): string {
    const known = this.#modelNames.get(model)
    if (known !== undefined) return known
    const name = this.#source.fleet.serving(model)[0]?.modelFor(model)?.name
    if (name === undefined) return 'other'
    if (this.#modelNames.size === spellingsMax) this.#modelNames.clear()
    this.#modelNames.set(model, name)
    return name
  }

  #addGauges(): void {
    const source = this.#source
    this.#registry.gauge(
      {
        name: 'spillway_config_reload_success',
        help: 'Whether the configuration as it was last read is the one that is served by.',
        labels: [],
      },
      (sample) => sample(this.#config.good ? 1 : 0),
    )
    this.#registry.gauge(
      {
        name: 'spillway_config_reload_timestamp_seconds',
        help: 'When the configuration that is served by was taken up, in seconds since 1970.',
        labels: [],
      },
      (sample) => sample(this.#config.takenAtMs / 1_000),
    )
    this.#registry.gauge(
      { name: 'spillway_queue_depth', help: 'Requests waiting for a place.', labels: [] },
      (sample) => sample(source.waiting),
    )
    this.#registry.gauge(
      { name: 'spillway_upstream_up', help: 'Whether the upstream answers its probes.', labels: ['upstream'] },
      (sample) => {
        for (const { settings, up } of source.fleet.upstreams) if (up !== undefined) sample(up ? 1 : 0, settings.name)
      },
    )
    this.#registry.gauge(
      {
        name: 'spillway_upstream_state',
        help: 'How the upstream is: 1 at the one state that holds, of up, warming, resting, trying, down and unknown.',
        labels: ['upstream', 'state'],
      },
      (sample) => {
        const now = source.world.now()
        for (const upstream of source.fleet.upstreams) {
          const is = upstream.state(now)
          for (const state of upstreamStates) sample(state === is ? 1 : 0, upstream.settings.name, state)
        }
      },
    )
    this.#registry.gauge(
      {
        name: 'spillway_upstream_model_state',
        help: 'How a model is there: 1 at the one state that holds, of well, opening, resting, trying, stalled and unloadable.',
        labels: ['upstream', 'model', 'state'],
      },
      (sample) => {
        const now = source.world.now()
        for (const upstream of source.fleet.upstreams) {
          for (const [model, place] of upstream.places()) {
            const is = place.state(now)
            for (const state of placeStates) sample(state === is ? 1 : 0, upstream.settings.name, model, state)
          }
        }
      },
    )
    this.#registry.counted(
      {
        name: 'spillway_stalls_total',
        help: 'How often a model stopped in the middle of its answers while its server said that all was well.',
        labels: ['upstream', 'model'],
      },
      (sample) => {
        for (const upstream of source.fleet.upstreams) {
          for (const [model, { stalls }] of upstream.places()) sample(stalls, upstream.settings.name, model)
        }
      },
    )
    this.#registry.gauge(
      { name: 'spillway_upstream_in_flight', help: 'Requests at the upstream now.', labels: ['upstream', 'model'] },
      (sample) => {
        for (const upstream of source.fleet.upstreams) {
          for (const [model, { inFlight }] of upstream.places()) sample(inFlight, upstream.settings.name, model)
        }
      },
    )
    this.#registry.gauge(
      { name: 'spillway_upstream_limit', help: 'Requests it may have at once.', labels: ['upstream', 'model'] },
      (sample) => {
        for (const upstream of source.fleet.upstreams) {
          for (const [model, { limit }] of upstream.places()) sample(limit.value, upstream.settings.name, model)
        }
      },
    )
    this.#registry.gauge(
      {
        name: 'spillway_upstream_foreign',
        help: 'Requests of others at the upstream, where it tells.',
        labels: ['upstream', 'model'],
      },
      (sample) => {
        for (const upstream of source.fleet.upstreams) {
          for (const [model, { limit }] of upstream.places()) sample(limit.foreign, upstream.settings.name, model)
        }
      },
    )
  }
}

/** A caller who hung up while it waited has waited all the same. */
const waitedInVain = (fault: Fault | undefined): boolean =>
  fault?.kind === 'patience-spent' || fault?.kind === 'cancelled'

/** Neither a caller who left nor an upstream that failed is a refusal of ours. */
const turnedAway = (fault: Fault): boolean =>
  fault.blame !== 'upstream' &&
  fault.kind !== 'cancelled' &&
  fault.kind !== 'internal' &&
  fault.kind !== 'upstream-refused'
