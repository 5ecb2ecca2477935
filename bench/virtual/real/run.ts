import { setTimeout as wait } from 'node:timers/promises'
import { join } from 'node:path'
import { realWorld } from '../../../src/http/world.ts'
import { type Llama, llama, missing } from '../../../test/e2e/llama.ts'
import { arms } from './arms.ts'
import { capacityOf, rateOf, surge, unloadedMs } from './play.ts'
import { countsTo } from './questions.ts'
import { type Row, told } from './report.ts'

export interface RealOptions {
  readonly seconds: number
  /** Of what the servers can do. */
  readonly times: number
  /** How long an answer is of use: so many times what it takes when nobody else is there. */
  readonly deadline: number
  readonly seed: number
  /** Those whose names contain one of these. */
  readonly arms?: readonly string[] | undefined
}

const slots = 4
/** Of each run, what does not count: queues fill, and the gateway learns. */
const countedFromMs = 10_000
const capacityMs = 12_000

/** Large enough that a token is work, and that four at once are more than one after the other. */
const shape = [
  'reciting-gguf.ts',
  ...['--script', `count:${countsTo}`, '--template', join(import.meta.dirname, 'as-written.jinja')],
  ...['--width', '512', '--layers', '8', '--ff', '2048'],
] as const

/** Two real llama-servers, asked for more than they can do, by way of all that people put before them. */
export async function playReal({ seconds, times, deadline, seed, arms: wanted }: RealOptions): Promise<void> {
  const why = await missing()
  if (why !== false) return console.log(`Two real llama-servers: left out, ${why}.`)
  const closings: (() => unknown)[] = []
  const ends = { after: (close: () => unknown) => void closings.unshift(close) }
  // The servers are killed before the first promise of these has to be waited for.
  process.on('exit', () => closings.map((close) => close()))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
  const world = realWorld()
  try {
    const servers: Llama[] = []
    for (const _ of [1, 2]) servers.push(await llama(ends, shape, '-np', String(slots)))
    const origins = servers.map(({ origin }) => origin)
    const idle = async (): Promise<void> => {
      while ((await Promise.all(servers.map((server) => server.busy()))).some((busy) => busy > 0)) await wait(100)
    }
    const capacity = (): ReturnType<typeof capacityOf> => capacityOf(world, origins, { slots, lengthMs: capacityMs, seed })
    let before = await capacity()
    const rows: Row[] = []
    for (const { name, open, waits = false } of arms) {
      if (wanted?.every((part) => !name.includes(part)) === true) continue
      const aloneMs = await unloadedMs(world, origins)
      const deadlineMs = aloneMs * deadline
      const patienceMs = waits ? Infinity : deadlineMs
      const perSecond = before.answers
      const opened = await open(origins, { perSecond, deadlineMs })
      const lengthMs = seconds * 1_000
      const all = await surge(world, opened, { perSecond: perSecond * times, lengthMs, deadlineMs, patienceMs, seed })
      if (process.env['REAL_DEBUG'] !== undefined) console.error(opened.gateway?.fleet.upstreams.map((u: any) => [...u.places()].map(([n, p]: any) => [n, p.limit.value, p.inFlight, p.pace.stepMs(1), p.pace.stepMs(4), p.pace.firstTokenMs(5, {fullness: 0, cold: false, now: world.now()}), p.pace.firstTokenMs(5, {fullness: 1, cold: false, now: world.now()})])))
      await opened.close()
      await idle()
      const after = await capacity()
      const counted = all.filter(({ atMs }) => atMs >= countedFromMs)
      const good = rateOf(counted.filter(({ fate }) => fate === 'whole'), lengthMs - countedFromMs)
      rows.push({
        arm: name,
        aloneMs,
        counted,
        good,
        capacity: { answers: (before.answers + after.answers) / 2, tokens: (before.tokens + after.tokens) / 2 },
      })
      console.error(`${name}: ${good.answers.toFixed(2)} good of ${perSecond.toFixed(2)}, then ${after.answers.toFixed(2)}`)
      before = after
    }
    console.log(told(rows, { deadline, times }))
  } finally {
    for (const close of closings.splice(0)) await close()
    await world.close()
  }
}
