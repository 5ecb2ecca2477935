import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import { hasName } from '../core/names.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Offer } from '../fleet/offering.ts'
import { drainMs, isOpenTo, type Outlook, permits, type Situation } from './tiers.ts'

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

/** Who waits, for whatever it is, and how many may. */
export interface Room {
  readonly waiting: number
  readonly queueMax: number
  /** Who would leave for the ask, if somebody would. */
  readonly leaves: object | undefined
}

/**
 * Why an ask may not wait: it has no patience left, or will have none when its turn comes, or there is no room to wait in.
 * Undefined when it may.
 */
export function noWaiting(
  situation: Situation,
  outlooks: readonly Outlook[],
  { waiting, queueMax, leaves }: Room,
): Fault | undefined {
  const best = soonest(outlooks)
  if (patienceLeftMs(situation) <= 0) return tooLate(situation, best)
  if (best !== undefined && best.isLearned && isHopeless(situation, best)) return tooLate(situation, best)
  return waiting >= queueMax && leaves === undefined ? queueFull(waiting, situation, best) : undefined
}

/** It would be refused in the end: better now. A little more than its patience is forgiven, for predictions err. */
const forgiven = 1.1

/** Its turn would come when nobody waits for it any more, or its answer when it is of no use. */
function isHopeless(situation: Situation, { waitMs, totalMs, hasRoom }: Outlook): boolean {
  if (hasRoom) return false
  return waitMs > patienceLeftMs(situation) * forgiven || isUseless(situation, { totalMs })
}

/** Its answer would come after its deadline. */
export const isUseless = ({ ask, now }: Situation, { totalMs }: Pick<Outlook, 'totalMs'>): boolean =>
  ask.deadlineMs !== undefined && now - ask.arrivedAt + totalMs > ask.deadlineMs

const patienceLeftMs = ({ ask, now }: Situation): number => ask.arrivedAt + ask.patienceMs - now

function soonest(outlooks: readonly Outlook[]): Outlook | undefined {
  let best: Outlook | undefined
  for (const outlook of outlooks) if (best === undefined || outlook.firstTokenMs < best.firstTokenMs) best = outlook
  return best
}

function queueFull(waiting: number, situation: Situation, best: Outlook | undefined): Fault {
  return new Fault('queue-full', `The queue is full: ${waiting} requests wait. Try again later.`, {
    retryAfterMs: soon(drainMs(situation)),
    etaMs: best?.firstTokenMs,
  })
}

/** It waited where others have to wait now. */
export function shed(situation: Situation, best: Outlook | undefined): Fault {
  const message =
    'The queue is full, and requests that are more urgent or of callers with fewer have come. Try again later.'
  return new Fault('queue-full', message, {
    retryAfterMs: soon(drainMs(situation)),
    etaMs: best?.firstTokenMs,
  })
}

/** Nobody has room for it in time. `best` is what could have been promised instead. */
export function tooLate(situation: Situation, best: Outlook | undefined): Fault {
  const { ask } = situation
  const within = ask.deadlineMs === undefined ? ask.patienceMs : Math.min(ask.patienceMs, ask.deadlineMs)
  const instead =
    best === undefined || !best.isLearned ? '' : ` A first token is expected in ${inSeconds(best.firstTokenMs)} s.`
  return new Fault(
    'patience-spent',
    `No server had room for ${quoted(ask.model)} within ${within / 1_000} s.${instead}`,
    {
      retryAfterMs: soon(drainMs(situation)),
      etaMs: best?.firstTokenMs,
    },
  )
}

const inSeconds = (ms: number): number => (ms < 10_000 ? Math.ceil(ms / 100) / 10 : Math.ceil(ms / 1_000))

export function gone(): Fault {
  return new Fault('cancelled', 'The caller went away while waiting.')
}

const quoted = (name: string): string => `"${name.length > 100 ? `${name.slice(0, 100)}...` : name}"`
