import { type Conclusion, conclude } from './report/conclusion.ts'
import { verdictLine } from './report/markdown.ts'
import type { PartPlan } from './report/part.ts'
import type { Ask } from '../src/core/ask.ts'
import type { UpstreamSettings } from '../src/core/settings.ts'
import { NetFault, type World } from '../src/core/world.ts'
import { backendOf } from '../src/backends/index.ts'
import { reachOf } from '../src/dialects/reach.ts'
import { Fleet } from '../src/fleet/fleet.ts'
import { defaultPolicy } from '../src/policies/index.ts'
import { Scheduler, type Lease } from '../src/scheduler/scheduler.ts'

/** What one decision costs where thousands wait for dozens of servers: an ask that comes, and one that ends and lets another in. */
const servers = 32
const places = 8
const queued = 10_000
const callers = 50
const windows = 5
const rounds = 4_000

/** In microseconds of CPU, window by window. */
export interface Decisions {
  readonly waiting: number
  readonly comesUs: readonly number[]
  readonly endsUs: readonly number[]
}

const startedAt = performance.now()
const world: World = {
  now: () => performance.now() - startedAt,
  epochMs: () => Date.now(),
  random: Math.random,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1))
      timer.unref()
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    }),
  send: () => Promise.reject(new NetFault('refused', 'There is no network here.')),
}

const settings = Array.from({ length: servers + 1 }, (_, at): UpstreamSettings => {
  const isCloud = at === servers
  const backend = backendOf(isCloud ? 'openai' : 'vllm')!
  return {
    name: isCloud ? 'cloud' : `gpu-${at}`,
    backend,
    origin: `http://127.0.0.1:${9_000 + at}`,
    basePath: '',
    apiKey: undefined,
    tier: backend.tier,
    concurrency: isCloud ? 1 : places,
    serve: new Map([['m', 'm']]),
    context: new Map(),
  }
})

let asks = 0
function ask(): Ask {
  asks += 1
  const caller = `caller-${asks % callers}`
  return {
    id: `ask-${asks}`,
    caller: { id: caller, weight: 1, priority: 'default', models: undefined, cloud: 'allowed' },
    dialect: 'openai-chat',
    model: 'm',
    stream: true,
    promptTokens: 100 + (asks % 900),
    outputTokensMax: undefined,
    needs: ['chat'],
    body: {},
    raw: undefined,
    headers: [],
    priority: 'default',
    cloud: 'allowed',
    patienceMs: 24 * 3_600_000,
    arrivedAt: world.now(),
    signal: new AbortController().signal,
  }
}

/** What this thread has used, whatever else there is to do for the machine. */
function cpuUs(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

export async function decisions(): Promise<Decisions> {
  const fleet = new Fleet({ upstreams: settings, world, emit: () => {}, probeEveryMs: 60_000, canOf: reachOf })
  const scheduler = new Scheduler({ world, fleet, policy: defaultPolicy, queueMax: 2 * queued, emit: () => {} })
  const held: Lease[] = []
  const hold = (lease: Lease): void => void held.push(lease)

  /** Serves somebody, as if the answer had taken its time. */
  const serveOne = async (): Promise<void> => {
    const lease = held.shift()!
    lease.spoke(world.now())
    lease.end('served', { firstTokenMs: 50, usage: { promptTokens: 300, outputTokens: 50 + (asks % 100) } })
    await Promise.resolve()
  }

  for (let at = 0; at < servers * places + 1 + queued; at += 1) void scheduler.acquire(ask()).then(hold)
  await new Promise((resolve) => setImmediate(resolve))
  const comesUs: number[] = []
  const endsUs: number[] = []
  // The first does not count: code becomes fast while it runs.
  for (let window = 0; window <= windows; window += 1) {
    let [comes, ends] = [0, 0]
    for (let at = 0; at < rounds; at += 1) {
      const one = ask()
      const before = cpuUs()
      void scheduler.acquire(one).then(hold)
      const between = cpuUs()
      await serveOne()
      ends += cpuUs() - between
      comes += between - before
    }
    if (window === 0) continue
    comesUs.push(comes / rounds)
    endsUs.push(ends / rounds)
  }
  return { waiting: scheduler.waiting, comesUs, endsUs }
}

export const schedulingPart: PartPlan = {
  name: 'scheduling',
  title: 'What one decision costs',
  about:
    'Who is served next and where is decided anew whenever somebody comes or an answer ends. That may not cost more than the request is worth, however many wait.',
  workload: `${queued.toLocaleString('en')} from ${callers} callers wait for ${servers} servers of ${places} places each and a cloud; ${rounds} come and as many end, five times over. No network, no door: the scheduler alone.`,
  fair: 'Nobody stands beside it; nginx has no queue to decide about.',
  kind: 'measured',
  atMostMs: 60_000,
  async play() {
    const { waiting, comesUs, endsUs } = await decisions()
    const one = (id: string, what: string, some: readonly number[]): Conclusion => {
      const value = some.toSorted((a, b) => a - b)[some.length >> 1]!
      return conclude({
        id: `scheduling.${id}`,
        what,
        value,
        unit: 'µs',
        digits: 1,
        bar: { most: 50 },
        kind: 'absolute',
        windows: some,
      })
    }
    return {
      tables: [
        {
          title: `One decision, with ${waiting.toLocaleString('en')} waiting`,
          columns: [
            { head: 'window' },
            { head: 'one that comes, µs', digits: 1 },
            { head: 'one that ends, µs', digits: 1 },
          ],
          rows: comesUs.map((us, at) => [String(at + 1), us, endsUs[at]]),
        },
      ],
      conclusions: [
        one('comes', `somebody comes where ${waiting.toLocaleString('en')} wait`, comesUs),
        one('ends', 'an answer ends, and the next is chosen', endsUs),
      ],
      plots: [],
      notMeasured: [],
    }
  },
}

if (import.meta.main) {
  const { conclusions } = await schedulingPart.play({ quick: false, seeds: undefined, say: () => {} })
  for (const conclusion of conclusions) console.log(verdictLine(conclusion))
  process.exit()
}
