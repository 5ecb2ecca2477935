import type { Event } from '../core/event.ts'
import { inDollars } from '../core/money.ts'
import type { Outcome } from '../core/reply.ts'
import type { World } from '../core/world.ts'
import { Hour } from './hour.ts'
import { lostWith } from './second-machine.ts'

/** A server at home that has a model, and how many requests it may have at once. */
export interface Home {
  readonly upstream: string
  readonly places: number
}

interface AdviceParts {
  readonly world: Pick<World, 'now'>
  readonly homesOf: (model: string) => readonly Home[]
  /** From which share of all requests on it is said. */
  readonly spillShare: () => number
}

interface OfModel {
  requests: number
  kept: number
  keptWaitMs: number
  /** How long places at home were taken. */
  busyMs: number
  spilled: number
  spilledNano: number
}

const minuteMs = 60_000
/** Of fewer requests a share says nothing. */
const requestsMin = 50
/** Of the names of models only so many are told apart: they are the servers' own. */
const modelsMax = 200

/**
 * Looks at how many requests of the last hour left for the cloud although a machine at home has their model. Where those are
 * many it is not bad luck: the machines are too few, and this says so with the numbers that it takes to decide.
 */
export class Advice {
  readonly #parts: AdviceParts
  readonly #hour = new Hour<Map<string, OfModel>>(() => new Map())

  constructor(parts: AdviceParts) {
    this.#parts = parts
  }

  readonly listen = (event: Event): void => {
    if (event.type === 'ask-settled' && event.outcome.attempts > 0) this.#count(event.ask.model, event.outcome)
  }

  /** Undefined while all is well. */
  get text(): string | undefined {
    const { world, spillShare } = this.#parts
    const minutes = this.#hour.all(world.now())
    const models = summed(minutes)
    const all = sumOf([...models.values()])
    const { requests } = all
    if (requests < requestsMin || all.spilled <= spillShare() * requests) return undefined
    const [model, most] = [...models].reduce((one, other) => (other[1].spilled > one[1].spilled ? other : one))
    return [
      `In the last hour ${all.spilled} of ${requests} requests (${percent(all.spilled / requests)}) went to the cloud although`,
      'there are machines at home for them: those are too few.',
      ...this.#aboutModel(model, most),
      `The cloud cost ${inDollars(all.spilledNano)} for it; at this rate ${inDollars(24 * all.spilledNano)} a day`,
      `and ${inDollars(30 * 24 * all.spilledNano)} a month.`,
      ...this.#aboutSecond(model, most, minutes.length * minuteMs),
    ].join(' ')
  }

  #aboutModel(model: string, { kept, keptWaitMs, spilled }: OfModel): readonly string[] {
    const homes = this.#parts.homesOf(model)
    const where = homes.map(({ upstream, places }) => `${upstream} (${places} at once)`).join(' and ')
    const waited = kept === 0 ? '' : `; those kept there waited ${seconds(keptWaitMs / kept)} on average`
    return homes.length === 0 ? [] : [`${spilled} were for ${model}, which is at home on ${where}${waited}.`]
  }

  #aboutSecond(model: string, { kept, spilled, busyMs }: OfModel, activeMs: number): readonly string[] {
    const homes = this.#parts.homesOf(model)
    const best = homes.toSorted((one, other) => other.places - one.places)[0]
    if (best === undefined || kept === 0) return []
    const places = homes.reduce((sum, home) => sum + home.places, 0)
    const lost = spilled / (kept + spilled)
    const after = lostWith(best.places, { places, busy: busyMs / activeMs, lost })
    const stay = Math.round(spilled * (1 - after / lost))
    // Nobody waits in that reckoning. Those who do wait are kept beside these.
    return [`A second machine like ${best.upstream} would have kept ${stay} or more of the ${spilled} at home.`]
  }

  #count(asked: string, { model: served, spilled, costNano, waitMs, totalMs, tier }: Outcome): void {
    const models = this.#hour.at(this.#parts.world.now())
    const model = served ?? asked
    let of = models.get(model)
    if (of === undefined) {
      if (models.size === modelsMax) return
      models.set(model, (of = nothing()))
    }
    of.requests += 1
    if (spilled === true) {
      of.spilled += 1
      of.spilledNano += costNano ?? 0
    } else if (tier === 0) {
      of.kept += 1
      of.keptWaitMs += waitMs
      of.busyMs += Math.max(0, totalMs - waitMs)
    }
  }
}

function summed(minutes: readonly ReadonlyMap<string, OfModel>[]): ReadonlyMap<string, OfModel> {
  const sums = new Map<string, OfModel>()
  for (const minute of minutes)
    for (const [model, of] of minute) sums.set(model, sumOf([sums.get(model) ?? nothing(), of]))
  return sums
}

const nothing = (): OfModel => ({ requests: 0, kept: 0, keptWaitMs: 0, busyMs: 0, spilled: 0, spilledNano: 0 })

const sumOf = (all: readonly OfModel[]): OfModel =>
  all.reduce(
    (sum, of) => ({
      requests: sum.requests + of.requests,
      kept: sum.kept + of.kept,
      keptWaitMs: sum.keptWaitMs + of.keptWaitMs,
      busyMs: sum.busyMs + of.busyMs,
      spilled: sum.spilled + of.spilled,
      spilledNano: sum.spilledNano + of.spilledNano,
    }),
    nothing(),
  )

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

const seconds = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`)
