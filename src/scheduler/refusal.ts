import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import { hasName } from '../core/names.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Offer } from '../fleet/offering.ts'
import { drainMs, isOpenTo, patienceLeftMs, permits, type Situation } from './tiers.ts'

/** Sooner than this no refused caller needs to come back, and later than that none should be told to. */
const retryMinMs = 1_000
const retryMaxMs = 60_000

const modelsShown = 5

const soon = (ms: number): number => Math.ceil(Math.min(retryMaxMs, Math.max(retryMinMs, ms)))

/** Nobody is known to have the model. That is final only when every server has had its say. */
export function unknownModel(fleet: Fleet, ask: Ask): Fault {
  const unheard = fleet.upstreams.some(({ up, settings }) => up === undefined && settings.serve === undefined)
  const allSilent = !fleet.anyUp && fleet.upstreams.some(({ settings }) => settings.serve === undefined)
  if (unheard || allSilent) {
    return new Fault(
      'no-upstream',
      `No server that might have the model ${quoted(ask.model)} answers. Try again shortly.`,
      {
        retryAfterMs: retryMinMs,
      },
    )
  }
  const names: string[] = []
  for (const { name } of fleet.models()) if (hasName(ask.caller.models, name)) names.push(name)
  const shown = names.slice(0, modelsShown).join(', ')
  const rest = names.length > modelsShown ? ` and ${names.length - modelsShown} more` : ''
  const available = names.length === 0 ? 'No model is available.' : `Available: ${shown}${rest}.`
  return new Fault('no-such-model', `No server has the model ${quoted(ask.model)}. ${available}`)
}

/** The model is known, but nobody is left who could serve this ask, now or soon; undefined when someone is. */
export function nobodyLeft(situation: Situation): Fault | undefined {
  const { ask, offering, now } = situation
  const model = quoted(ask.model)
  if (!offering.tiers.some((tier) => permits(ask, tier))) {
    return new Fault(
      'no-upstream',
      `Only servers that cost money have the model ${model}, and this request may not use them.`,
    )
  }
  const left = offering.offers.filter((offer) => isOpenTo(situation, offer))
  if (left.length === 0) return new Fault('no-upstream', `No other server has the model ${model}.`)
  const up = left.filter(({ upstream }) => upstream.up !== false)
  if (up.length > 0) return up.every(isShut) ? shut(up[0]!, model) : undefined
  const reasons = left.slice(0, 3).map(({ upstream }) => `${upstream.settings.name} ${upstream.lastError ?? 'is down'}`)
  const backMs = Math.min(...left.map(({ upstream }) => (upstream.breaker.restsUntil ?? now) - now))
  return new Fault('no-upstream', `All servers that have the model ${model} are down: ${reasons.join('; ')}.`, {
    retryAfterMs: soon(backMs),
  })
}

const isShut = ({ upstream, place }: Offer): boolean => upstream.residency.isShut(place.tenant)

function shut({ upstream }: Offer, model: string): Fault {
  return new Fault(
    'no-upstream',
    `The memory of ${upstream.settings.name} is kept for other models (models.preload), and it is not known that ${model} ` +
      'fits beside them. If it does, set models.at_once.',
  )
}

/** Why an ask may not wait: it has no patience left, or there is no room to wait in. Undefined when it may. */
export function noWaiting(situation: Situation, waiting: number, queueMax: number): Fault | undefined {
  if (patienceLeftMs(situation) <= 0) return patienceSpent(situation.ask, drainMs(situation))
  return waiting >= queueMax ? queueFull(waiting, drainMs(situation)) : undefined
}

function queueFull(waiting: number, clearsMs: number): Fault {
  return new Fault('queue-full', `The queue is full: ${waiting} requests wait. Try again later.`, {
    retryAfterMs: soon(clearsMs),
  })
}

export function patienceSpent(ask: Ask, clearsMs: number): Fault {
  return new Fault(
    'patience-spent',
    `No server had room for ${quoted(ask.model)} within ${ask.patienceMs / 1_000} s.`,
    {
      retryAfterMs: soon(clearsMs),
    },
  )
}

export function gone(): Fault {
  return new Fault('cancelled', 'The caller went away while waiting.')
}

const quoted = (name: string): string => `"${name.length > 100 ? `${name.slice(0, 100)}...` : name}"`
