import { setTimeout as wait } from 'node:timers/promises'
import { join } from 'node:path'
import { realWorld } from '../../../src/http/world.ts'
import { type Llama, llama, missing } from '../../../test/e2e/llama.ts'
import type { Ends } from '../../../test/e2e/rig.ts'
import { arms, type Opened } from './arms.ts'
import { capacityOf, type Rate, rateOf, surge, unloadedMs } from './play.ts'
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
const room = ['-np', String(slots)] as const
/** Of each run, what does not count: queues fill, and the gateway learns. */
const countedFromMs = 10_000
const capacityMs = 12_000

/** Large enough that a token is work, and that four at once are more than one after the other. */
const shape: Parameters<typeof llama>[1] = [
  'reciting-gguf.ts',
  `--script=count:${countsTo}`,
  `--template=${join(import.meta.dirname, 'as-written.jinja')}`,
  '--width=512',
  '--layers=8',
  '--ff=2048',
]

/** Two real llama-servers, asked for more than they can do, by way of all that people put before them. */
export async function playReal(options: RealOptions): Promise<void> {
  const why = await missing()
  if (why !== false) return console.log(`Two real llama-servers: left out, ${why}.`)
  const closings: (() => unknown)[] = []
  const ends: Ends = { after: (close) => void closings.unshift(close) }
  const closeAll = async (): Promise<void> => {
    for (const close of closings.splice(0)) await close()
  }
  // What has a process of its own is killed at once, whatever is to be waited for afterwards.
  process.on('exit', () => closings.forEach((close) => void close()))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
  try {
    const rows = await play(ends, options)
    console.log(told(rows, options))
  } finally {
    await closeAll()
  }
}

async function play(ends: Ends, { seconds, times, deadline, seed, arms: wanted }: RealOptions): Promise<Row[]> {
  const world = realWorld()
  ends.after(() => world.close())
  const servers = [await llama(ends, shape, ...room), await llama(ends, shape, ...room)]
  const origins = servers.map(({ origin }) => origin)
  const capacity = (): Promise<Rate> => capacityOf(world, origins, { slots, lengthMs: capacityMs, seed })
  const lengthMs = seconds * 1_000
  let current: Opened | undefined
  ends.after(() => current?.close())
  const rows: Row[] = []
  // The machine is not equally fast all the time: each arm is held against what was possible just before and just after.
  let before = await capacity()
  for (const { name, open, waits = false } of arms) {
    if (wanted?.every((part) => !name.includes(part)) === true) continue
    const aloneMs = await unloadedMs(world, origins)
    const deadlineMs = aloneMs * deadline
    current = await open(origins, { perSecond: before.answers, deadlineMs })
    const all = await surge(world, current.way, {
      perSecond: before.answers * times,
      lengthMs,
      deadlineMs,
      patienceMs: waits ? Infinity : deadlineMs,
      seed,
    })
    await current.close()
    current = undefined
    await idle(servers)
    const after = await capacity()
    const counted = all.filter(({ atMs }) => atMs >= countedFromMs)
    const whole = counted.filter(({ fate }) => fate === 'whole')
    rows.push({
      arm: name,
      aloneMs,
      counted,
      good: rateOf(whole, lengthMs - countedFromMs),
      capacity: mean(before, after),
    })
    before = after
  }
  return rows
}

async function idle(servers: readonly Llama[]): Promise<void> {
  for (const server of servers) while ((await server.busy()) > 0) await wait(100)
}

const mean = (one: Rate, other: Rate): Rate => ({
  answers: (one.answers + other.answers) / 2,
  tokens: (one.tokens + other.tokens) / 2,
})
