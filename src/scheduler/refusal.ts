import { Fault } from '../core/fault.ts'
import type { Offer } from '../fleet/offering.ts'
import type { Kept } from './promises.ts'
import { permits } from './paid.ts'
import { isOpenTo, type Situation } from './situation.ts'
import { drainMs, type Outlook } from './tiers.ts'

export { unknownModel } from '../fleet/unknown-model.ts'

/** Sooner than this no refused caller needs to come back, and later than that none should be told to. */
const retryMinMs = 1_000
const retryMaxMs = 60_000

const soon = (ms: number): number => Math.ceil(Math.min(retryMaxMs, Math.max(retryMinMs, ms)))

/** The model is known, but nobody is left who could serve this ask, now or soon; undefined when someone is. */
export function nobodyLeft(situation: Situation): Fault | undefined {
  const { ask, offering, means, now } = situation
  const model = quoted(ask.model)
  if (!offering.tiers.some((tier) => permits(ask, tier))) {
    return new Fault(
      'no-upstream',
      `Only servers that cost money have the model ${model}, and this request may not use them.`,
    )
  }
  const left = offering.offers.filter((offer) => isOpenTo(situation, offer))
  if (left.length === 0) {
    const unpaid = means?.refusal
    // Who can wait until there may be money again does.
    if (unpaid !== undefined)
      return now + (unpaid.retryAfterMs ?? Infinity) <= ask.arrivedAt + ask.patienceMs ? undefined : unpaid
    const absent = offering.offers.some(({ place }) => now < place.absentUntil)
    return new Fault(absent ? 'no-such-model' : 'no-upstream', `No other server has the model ${model}.`)
  }
  const up = left.filter(({ upstream }) => upstream.up !== false || upstream.isWarming)
  if (up.length > 0) {
    if (up.every(isShut)) return shut(up[0]!, model)
    // Who can wait until one of them may be tried does.
    const waits = (offer: Offer): boolean =>
      !offer.upstream.exile.holds(now) && restsUntil(offer) <= ask.arrivedAt + ask.patienceMs
    return up.some(waits) ? undefined : outOf(situation, up)
  }
  return outOf(situation, left)
}

const restsUntil = ({ upstream, place }: Offer): number =>
  Math.max(upstream.breaker.restsUntil ?? 0, place.restsUntil ?? 0, upstream.exile.until)

/** Also why it does not go where it would cost something. */
const unpaidWords = ({ means }: Situation): string => {
  const refusal = means?.refusal
  return refusal === undefined ? '' : ` ${refusal.message}`
}

function outOf(situation: Situation, offers: readonly Offer[]): Fault {
  const { ask, now } = situation
  const reasons = offers.slice(0, 3).map((offer) => `${offer.upstream.settings.name} ${whyOut(offer, now)}`)
  const backMs = Math.min(...offers.map(restsUntil)) - now
  const text = `All servers that have the model ${quoted(ask.model)} are down: ${reasons.join('; ')}.${unpaidWords(situation)}`
  return new Fault('no-upstream', text, { retryAfterMs: soon(backMs) })
}

function whyOut({ upstream, place }: Offer, now: number): string {
  if (upstream.exile.holds(now)) return 'turned the gateway away'
  const { lastError = upstream.up === false ? 'is down' : 'has failed too often in a row' } = upstream
  return place.loadTrouble === undefined ? lastError : `cannot load it (${place.loadTrouble.reason})`
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
  readonly kept: Kept
}

export interface Refusal {
  readonly fault: Fault
  /** When it is to come back, and will be let in; undefined when that cannot be said. */
  readonly dueAt?: number | undefined
}

/**
 * Why an ask may not wait: it has no patience left, or will have none when its turn comes, or there is no room to wait in.
 * Undefined when it may.
 */
export function noWaiting(situation: Situation, outlooks: readonly Outlook[], room: Room): Refusal | undefined {
  const { waiting, queueMax, leaves, kept } = room
  const best = soonest(outlooks)
  if (patienceLeftMs(situation) <= 0) return { fault: tooLate(situation, best) }
  if (best !== undefined && best.isLearned && isHopeless(situation, best, kept)) return comeBack(situation, best, kept)
  return waiting >= queueMax && leaves === undefined ? { fault: queueFull(waiting, situation, best) } : undefined
}

/** A queue so short, as a part of one's patience, is for everybody, whoever else may come. */
const shortQueue = 0.25

/** Its turn would come when nobody waits for it any more, or its answer when it is of no use: better refused now than then. */
function isHopeless(situation: Situation, best: Outlook, { isExpected, soonCost }: Kept): boolean {
  const { waitMs, hasRoom, speed } = best
  if (hasRoom) return false
  const mayWaitMs = waitableMs(situation, best)
  if (waitMs > mayWaitMs) return true
  return !isExpected && waitMs > mayWaitMs * shortQueue && waitMs + soonCost / speed > mayWaitMs
}

/** How long it may wait, so that its answer is still of use. */
function waitableMs({ ask, now }: Situation, { waitMs, totalMs }: Outlook): number {
  const age = now - ask.arrivedAt
  const { patienceMs, deadlineMs = Infinity } = ask
  return Math.min(patienceMs - age, deadlineMs - age - (totalMs - waitMs))
}

/** Who comes a little too late has lost less than who comes too early. */
const ample = 1.1

/** Refused, and told when there will be room: after all who wait and all who were told so before. */
function comeBack(situation: Situation, best: Outlook, { allCost }: Kept): Refusal {
  const { now } = situation
  const turnMs = (best.waitMs + allCost / best.speed) * ample
  const mayWaitMs = waitableMs(situation, best)
  // It goes first when it comes, and still has to wait until somebody ends.
  const inMs = turnMs - mayWaitMs * shortQueue
  const fault = tooLate(situation, { ...best, firstTokenMs: best.firstTokenMs - best.waitMs + turnMs }, inMs)
  return { fault, dueAt: mayWaitMs > 0 && inMs < retryMaxMs ? now + fault.retryAfterMs! : undefined }
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
export function tooLate(situation: Situation, best: Outlook | undefined, inMs: number = drainMs(situation)): Fault {
  const { ask } = situation
  const within = ask.deadlineMs === undefined ? ask.patienceMs : Math.min(ask.patienceMs, ask.deadlineMs)
  const instead =
    best === undefined || !best.isLearned ? '' : ` A first token is expected in ${inSeconds(best.firstTokenMs)} s.`
  return new Fault(
    'patience-spent',
    `No server had room for ${quoted(ask.model)} within ${within / 1_000} s.${instead}${unpaidWords(situation)}`,
    {
      retryAfterMs: soon(inMs),
      etaMs: best?.firstTokenMs,
    },
  )
}

const inSeconds = (ms: number): number => (ms < 10_000 ? Math.ceil(ms / 100) / 10 : Math.ceil(ms / 1_000))

export function gone(): Fault {
  return new Fault('cancelled', 'The caller went away while waiting.')
}

const quoted = (name: string): string => `"${name.length > 100 ? `${name.slice(0, 100)}...` : name}"`
