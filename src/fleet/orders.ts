import { Fault } from '../core/fault.ts'
import type { World } from '../core/world.ts'
import type { Offer, Offering } from './offering.ts'

/** What the operator tells the fleet to do with a model. */
export interface Order {
  readonly verb: 'load' | 'unload'
  readonly model: string
  /** One server; without it, the first that can load it, or all that have it in memory. */
  readonly upstream?: string | undefined
}

export interface OrderDone {
  readonly upstream: string
  /** What the server calls it. */
  readonly model: string
  readonly result: 'loaded' | 'was loaded' | 'unloaded' | 'was not loaded'
  readonly tookMs: number
}

export interface OrderParts {
  readonly world: Pick<World, 'now' | 'sleep'>
  offering(name: string): Offering | undefined
}

/** Those who are served may end, at most this long. */
const drainMaxMs = 60_000
const lookEveryMs = 20

/**
 * Loads and unloads models by hand. Nobody who is served is cut off: a model that has to go takes nobody more, and goes when
 * the last one has ended. A server loads one model after the other, whoever wants them.
 */
export async function obey(order: Order, parts: OrderParts): Promise<readonly OrderDone[]> {
  const offers = offersFor(order, parts)
  const { world } = parts
  const beganAt = world.now()
  const done = ({ upstream, model: { id } }: Offer, result: OrderDone['result']): OrderDone => ({
    upstream: upstream.settings.name,
    model: id,
    result,
    tookMs: world.now() - beganAt,
  })
  if (order.verb === 'load') {
    const offer = offers.find(({ place }) => place.loaded === true) ?? offers.find(isLoadable) ?? offers[0]!
    return [done(offer, (await load(offer, world)) ? 'loaded' : 'was loaded')]
  }
  const there = offers.filter(({ place }) => place.loaded === true)
  if (there.length === 0) return [done(offers[0]!, 'was not loaded')]
  await Promise.all(there.map((offer) => unload(offer, world)))
  return there.map((offer) => done(offer, 'unloaded'))
}

function offersFor({ model, upstream: wanted }: Order, parts: OrderParts): readonly Offer[] {
  const shown = model.slice(0, 100)
  const offers = parts.offering(model)?.offers ?? []
  const named = offers.filter(({ upstream }) => wanted === undefined || upstream.settings.name === wanted)
  if (named.length === 0) throw new Fault('no-such-model', `The model '${shown}' does not exist here.`)
  const up = named.filter(({ upstream }) => upstream.up === true)
  if (up.length === 0) throw new Fault('no-upstream', `No server that has the model '${shown}' answers now.`)
  return up
}

const isLoadable = ({ upstream, place }: Offer): boolean =>
  place.loaded === false && upstream.settings.backend.load !== undefined && !upstream.residency.isShut(place.tenant)

/** False when it was there. */
async function load(offer: Offer, world: OrderParts['world']): Promise<boolean> {
  const { upstream, model, place } = offer
  const { residency } = upstream
  const { name } = upstream.settings
  if (place.loaded === true) return false
  if (upstream.settings.backend.load === undefined || place.loaded === undefined)
    throw new Fault('not-supported', `${name} cannot be told to load a model.`)
  if (residency.isShut(place.tenant))
    throw conflict(
      `The memory of ${name} is kept for other models (models.preload), and ${model.id} may not fit beside.`,
    )
  try {
    await until(
      () => {
        // Those that have to go for it take nobody more.
        if (!residency.isFreeFor(place.tenant)) residency.turnTo(place.tenant)
        return place.loaded !== false || residency.isFreeFor(place.tenant)
      },
      world,
      `What is in the memory of ${name} is still in use.`,
    )
    await upstream.ready(model)
  } finally {
    residency.turnBack(place.tenant)
  }
  return true
}

async function unload({ upstream, model, place }: Offer, world: OrderParts['world']): Promise<void> {
  const { name, backend } = upstream.settings
  if (backend.unload === undefined) throw new Fault('not-supported', `${name} cannot be told to unload a model.`)
  place.tenant.isLeaving = true
  try {
    await until(() => place.inFlight === 0, world, `${model.id} is still in use at ${name}.`)
    await upstream.memory.letGo(place)
  } finally {
    place.tenant.isLeaving = false
    // Who waited for it may have it loaded again, or what there is room for now.
    upstream.memory.onLoaded()
  }
}

async function until(isSo: () => boolean, world: OrderParts['world'], otherwise: string): Promise<void> {
  const giveUpAt = world.now() + drainMaxMs
  while (!isSo()) {
    if (world.now() >= giveUpAt) throw conflict(otherwise)
    await world.sleep(lookEveryMs)
  }
}

const conflict = (message: string): Fault => new Fault('not-supported', message, { status: 409, code: 'conflict' })
