import type { Crowding, Limit } from './limit.ts'

/** An ask that was served in a second, its first token after a tenth of it. */
export const crowding = (more: Partial<Crowding> = {}): Crowding => ({
  promptTokens: 200,
  outputTokens: 40,
  firstTokenMs: 100,
  totalMs: 1_000,
  inFlight: 1,
  batch: more.inFlight ?? 1,
  cold: false,
  toRead: 1,
  startedAt: (more.now ?? 1_000) - (more.totalMs ?? 1_000),
  now: 1_000,
  ...more,
})

/** How a server behaves that serves so many at once, one after the other as they come. */
export interface Rules {
  readonly slots: number
  readonly readMs?: number
  readonly tokenMs?: (atOnce: number) => number
  /** What its clock is multiplied with. */
  readonly slowness?: (now: number) => number
}

/** Keeps such a server as busy as its limit allows, from one moment to another, and writes down the limit every second. */
export function busy(limit: Limit, rules: Rules, fromMs: number, untilMs: number): readonly number[] {
  const { slots, readMs = 30, tokenMs = () => 20, slowness = () => 1 } = rules
  const stepMs = 5
  const jobs: { job: Crowding; readLeftMs: number; tokensLeft: number; spokeAt: number | undefined }[] = []
  const seen: number[] = []
  let turn = 0
  for (let now = fromMs; now < untilMs; now += stepMs) {
    while (jobs.length < limit.value) {
      turn += 1
      const job = crowding({
        outputTokens: 20 + ((turn * 389) % 60),
        inFlight: jobs.length + 1,
        startedAt: now,
        toRead: limit.begun(200, now),
      })
      jobs.push({ job, readLeftMs: readMs, tokensLeft: job.outputTokens, spokeAt: undefined })
    }
    const served = jobs.slice(0, slots)
    const reader = served.find(({ readLeftMs }) => readLeftMs > 0)
    const speaking = served.filter(({ readLeftMs }) => readLeftMs <= 0)
    if (reader !== undefined) reader.readLeftMs -= stepMs / slowness(now)
    for (const one of speaking) {
      if (one.spokeAt === undefined) limit.spoke(one.job, (one.spokeAt = now))
      one.tokensLeft -= stepMs / tokenMs(speaking.length) / slowness(now)
    }
    for (const one of speaking.filter(({ tokensLeft }) => tokensLeft <= 0)) {
      const { job, spokeAt = now } = one
      limit.learn('served', {
        ...job,
        firstTokenMs: spokeAt - job.startedAt,
        totalMs: now - job.startedAt,
        batch: (job.inFlight + jobs.length) / 2,
        now,
      })
      jobs.splice(jobs.indexOf(one), 1)
    }
    if (now % 1_000 === 0) seen.push(limit.value)
  }
  return seen
}
