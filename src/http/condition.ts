import type { Gateway } from '../gateway.ts'

type Upstream = Gateway['fleet']['upstreams'][number]
type Place = ReturnType<Upstream['place']>

/** All is well; not worth a worry; it is used with care; it is not used. */
export type Level = 'good' | 'quiet' | 'warn' | 'bad'

/** How a server is, or a model on it, as a person wants to know it. */
export interface Condition {
  /** In a word or two. */
  readonly word: string
  readonly level: Level
  /** Why, and until when: sentences that go on after the server's name. */
  readonly why: readonly string[]
}

/** For moments, one of two equals may look slower. */
const slowMinMs = 10_000
/** Who is busy for less is only busy. */
const busyMinMs = 1_000

/** What holds for the whole server; where nothing does, what is wrong with its models. */
export function conditionOf(upstream: Upstream, now: number): Condition {
  const whole = ofServer(upstream, now)
  if (whole !== undefined) return whole
  const places = Array.from(upstream.places(), ([model, place]) => conditionAt(model, place, now))
  const [first, ...others] = places.filter((one) => one !== undefined)
  if (first === undefined) return { word: 'up', level: 'good', why: [] }
  const isAll = others.length + 1 === places.length && others.every(({ word }) => word === first.word)
  const ill = [first, ...others]
  const level = ill.every((one) => one.level === 'quiet') ? 'quiet' : 'warn'
  return { word: isAll ? first.word : 'up in part', level, why: ill.flatMap(({ why }) => why) }
}

/** Why a model cannot be asked for there as usual; empty when it can. */
export const troubleWith = (upstream: Upstream, model: string, now: number): readonly string[] =>
  (ofServer(upstream, now) ?? conditionAt(model, upstream.place(model), now))?.why ?? []

function ofServer({ up, exile, breaker, lastError, isWarming }: Upstream, now: number): Condition | undefined {
  if (up === undefined) return { word: 'not seen yet', level: 'quiet', why: [] }
  if (!up && isWarming) {
    return { word: 'starting', level: 'warn', why: ['is starting up: it answers, and is not ready yet.'] }
  }
  if (!up) {
    const why = `is down: it ${lastError ?? 'does not answer'}. It is looked at again and again, and used when it is back.`
    return { word: 'down', level: 'bad', why: [why] }
  }
  if (exile.holds(now)) {
    const why =
      'turned the gateway away: check its url, its api_key and its account. ' +
      `It is left alone for ${seconds(exile.until - now)}; then one request finds out.`
    return { word: 'turned us away', level: 'bad', why: [why] }
  }
  switch (breaker.state(now)) {
    case 'closed':
      return undefined
    case 'open': {
      const restMs = (breaker.restsUntil ?? now) - now
      return warn('resting', `failed too often in a row and is left alone for ${seconds(restMs)}.`)
    }
    case 'half-open':
      return warn('on trial', 'failed too often in a row: one request at a time finds out whether it is well again.')
  }
}

/** What is wrong with one model there; undefined when nothing is. */
export function conditionAt(model: string, place: Place, now: number): Condition | undefined {
  const restMs = Math.max(0, (place.restsUntil ?? now) - now)
  switch (place.state(now)) {
    case 'unloadable': {
      const next = restMs > 0 ? `in ${seconds(restMs)}` : 'by the next request'
      return warn('cannot load', `cannot load ${model}: ${ended(place.loadTrouble?.reason)} It is tried again ${next}.`)
    }
    case 'stalled':
      return warn('stalled', `stopped in the middle of its answers with ${model}, and is being brought back.`)
    case 'resting':
      return warn('resting', `fails with ${model}, which is left alone there for ${seconds(restMs)}.`)
    case 'trying':
      return warn('on trial', `failed with ${model}: one request at a time finds out whether it is well again.`)
    case 'opening': {
      const { value, capacity } = place.limit
      return warn('coming back', `is coming back with ${model}: ${value} of ${capacity} at once, soon more.`)
    }
    case 'well':
      return ofWell(model, place, now)
  }
}

function ofWell(model: string, { absentUntil, coolsUntil, slowness }: Place, now: number): Condition | undefined {
  if (absentUntil > now) {
    return warn(
      'lacks a model',
      `says that it has not got ${model}. It is asked again in ${seconds(absentUntil - now)}.`,
    )
  }
  if (slowness.leftAloneMs(now) >= slowMinMs) {
    return warn(
      'slow',
      `is much slower with ${model} than others: requests go to those, and now and then one tries it.`,
    )
  }
  if (coolsUntil - now < busyMinMs) return undefined
  const why = `says that it is busy with ${model}. It is asked again in ${seconds(coolsUntil - now)}.`
  return { word: 'busy', level: 'quiet', why: [why] }
}

const warn = (word: string, why: string): Condition => ({ word, level: 'warn', why: [why] })

const seconds = (ms: number): string => `${Math.max(1, Math.ceil(ms / 1_000))} s`

/** In the server's words, which may be many and end without a stop. */
const ended = (reason = 'nobody knows why'): string =>
  `${reason.replace(/\s+/g, ' ').replace(/\.$/, '').slice(0, 200)}.`
