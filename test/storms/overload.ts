import type { Priority } from '../../src/core/ask.ts'

/** How one try ended. */
export interface Tried {
  readonly served: boolean
  /** When it was told to come back. */
  readonly retryAfterMs: number | undefined
}

/** A gateway before servers that can do so much, in real time or in virtual. */
export interface Arena {
  now(): number
  sleep(ms: number): Promise<void>
  random(): number
  ask(priority: Priority): Promise<Tried>
}

export interface OverloadPlan {
  /** What its servers can do. */
  readonly perSecond: number
  /** How long one answer takes that has a place. */
  readonly answerMs: number
  readonly times: number
  readonly seconds: { readonly full: number; readonly over: number; readonly after: number }
  /** How often somebody who was refused comes back. */
  readonly retries: number
}

export interface Overloaded {
  /** Answers a second with just enough to do, and with many times too much. */
  readonly peak: number
  readonly goodput: number
  /** The same of each third of that time. */
  readonly goodputs: readonly number[]
  /** Of the most urgent, the part that was served in the end, and at once, while there was too much. */
  readonly topServed: number
  readonly topAtOnce: number
  /** How long a refusal took of those who were refused at once, the shortest first. */
  readonly refusedMs: readonly number[]
  readonly refusals: number
  /** From the end of the overload until as many have been served since then as have come, as nearly as can be. */
  readonly recoveryMs: number
}

interface Visit {
  readonly priority: Priority
  readonly cameAt: number
  servedAt: number | undefined
  tries: number
}

/** The urgent fit easily, whoever else comes. */
const urgentShare = 0.3
/** A refusal that came after a wait was no refusal at the door. */
const atOnceMs = 500
const calm = 0.6
const enough = 0.95

/** As many as fit, then many times as many who do not give up, then few again. */
export async function overload(
  arena: Arena,
  { perSecond, answerMs, times, seconds, retries }: OverloadPlan,
): Promise<Overloaded> {
  const visits: Visit[] = []
  const refusedMs: number[] = []
  let refusals = 0
  const visit = async (priority: Priority): Promise<void> => {
    const one: Visit = { priority, cameAt: arena.now(), servedAt: undefined, tries: 0 }
    visits.push(one)
    while (one.tries <= retries) {
      one.tries += 1
      const askedAt = arena.now()
      const { served, retryAfterMs = 1_000 } = await arena.ask(priority)
      if (served) one.servedAt = arena.now()
      if (served) return
      refusals += 1
      const tookMs = arena.now() - askedAt
      if (tookMs < atOnceMs) refusedMs.push(tookMs)
      await arena.sleep(retryAfterMs)
    }
  }
  const come = async (rate: number, forMs: number): Promise<void> => {
    const until = arena.now() + forMs
    for (let next = arena.now(); ;) {
      next += (-Math.log(1 - arena.random()) * 1_000) / rate
      if (next >= until) break
      if (next > arena.now()) await arena.sleep(next - arena.now())
      const isUrgent = arena.random() < (urgentShare * perSecond) / rate
      void visit(isUrgent ? 'interactive' : arena.random() < 0.5 ? 'default' : 'batch')
    }
    if (until > arena.now()) await arena.sleep(until - arena.now())
  }
  const servedIn = (from: number, to: number): number =>
    visits.filter(({ servedAt }) => servedAt !== undefined && servedAt >= from && servedAt < to).length

  const fullFrom = arena.now()
  await come(perSecond * 1.5, seconds.full * 1_000)
  const overFrom = arena.now()
  await come(perSecond * times, seconds.over * 1_000)
  const afterFrom = arena.now()
  await come(perSecond * calm, seconds.after * 1_000)
  await arena.sleep(5_000)

  // Places that fill together fall free together: where a stretch begins and ends would decide what is counted.
  const doneIn = (from: number, to: number): number =>
    visits.reduce((done, { servedAt = -Infinity }) => {
      const within = Math.min(to, servedAt) - Math.max(from, servedAt - answerMs)
      return done + Math.max(0, within) / answerMs
    }, 0)
  const perSecondIn = (from: number, to: number): number => (doneIn(from, to) * 1_000) / (to - from)
  const overHalf = (overFrom + afterFrom) / 2
  const third = (afterFrom - overHalf) / 3
  const top = visits.filter(
    ({ priority, cameAt }) => priority === 'interactive' && cameAt >= overFrom && cameAt < afterFrom,
  )
  const share = (some: readonly Visit[]): number => some.length / Math.max(1, top.length)
  let recoveredAt = afterFrom
  for (let at = afterFrom + 1_000; at <= afterFrom + seconds.after * 1_000; at += 1_000) {
    const came = visits.filter(({ cameAt }) => cameAt >= afterFrom && cameAt < at).length
    if (servedIn(afterFrom, at) < enough * came) recoveredAt = at
  }
  return {
    peak: perSecondIn((fullFrom + overFrom) / 2, overFrom),
    goodput: perSecondIn(overHalf, afterFrom),
    goodputs: [0, 1, 2].map((nth) => perSecondIn(overHalf + nth * third, overHalf + (nth + 1) * third)),
    topServed: share(top.filter(({ servedAt }) => servedAt !== undefined)),
    topAtOnce: share(top.filter(({ servedAt, tries }) => servedAt !== undefined && tries === 1)),
    refusedMs: refusedMs.sort((one, other) => one - other),
    refusals,
    recoveryMs: recoveredAt - afterFrom,
  }
}
