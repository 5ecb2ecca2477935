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
const rounds = 20_000

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

const fleet = new Fleet({ upstreams: settings, world, emit: () => {}, probeEveryMs: 60_000, canOf: reachOf })
const scheduler = new Scheduler({ world, fleet, policy: defaultPolicy, queueMax: 2 * queued, emit: () => {} })

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

const held: Lease[] = []
const hold = (lease: Lease): void => void held.push(lease)

/** Serves somebody, as if the answer had taken its time. */
async function serveOne(): Promise<void> {
  const lease = held.shift()!
  lease.spoke(world.now())
  lease.end('served', { firstTokenMs: 50, usage: { promptTokens: 300, outputTokens: 50 + (asks % 100) } })
  await Promise.resolve()
}

for (let at = 0; at < servers * places + 1 + queued; at += 1) void scheduler.acquire(ask()).then(hold)
await new Promise((resolve) => setImmediate(resolve))
for (let at = 0; at < 2_000; at += 1) {
  void scheduler.acquire(ask()).then(hold)
  await serveOne()
}

let comesUs = 0
let endsUs = 0
for (let at = 0; at < rounds; at += 1) {
  const one = ask()
  const before = performance.now()
  void scheduler.acquire(one).then(hold)
  const between = performance.now()
  await serveOne()
  endsUs += (performance.now() - between) * 1_000
  comesUs += (between - before) * 1_000
}
process.stdout.write(
  `${scheduler.waiting} wait for ${servers} servers with ${places} places each and a cloud.\n` +
    `One that comes costs ${(comesUs / rounds).toFixed(1)} us, one that ends and lets the next in ${(endsUs / rounds).toFixed(1)} us (bar 50).\n`,
)
process.exit()
