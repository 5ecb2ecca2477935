import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { simServer } from '../../src/sim/sockets.ts'
import { overload, type Overloaded as Stormed, type OverloadPlan, type Tried } from '../../test/storms/overload.ts'
import { isInstalled } from '../overhead/arms.ts'
import { conclude, type Conclusion } from '../report/conclusion.ts'
import { type Findings, type How, nothing, type PartPlan, type Table } from '../report/part.ts'
import { startNginx } from '../virtual/sockets/nginx.ts'
import { watchingLateness } from './lateness.ts'
import { Refusals, waitsIn } from './refusals.ts'
import { at, cutInto } from './sums.ts'

const times = 10
const slots = 16
const words = 20
const stepMs = 20
const model = 'llama3.1:8b'
const answerMs = words * stepMs
const perSecond = (slots / answerMs) * 1_000

export const retrying: PartPlan = {
  name: 'retrying',
  title: 'Ten times too much, from callers who come back',
  about:
    'Whoever is refused tries again, so that a refusal does not end the overload but adds to it: how much is served all the same, how the urgent fare, how soon a refusal is told, and how soon it is over.',
  workload: `A simulated vLLM of ${slots} slots that can answer ${perSecond} requests a second, behind a socket. One and a half times as many as fit, for 6 s; ${times} times as many, for 12 s; few again, for 11 s. As many as three in ten of what fits are urgent. Who is refused comes back when he is told to, or after a second, three times at most. Who was let in line and had to leave it again is told late by what it waited beyond that, as the gateway's log says.`,
  fair: `nginx has \`limit_conn ${slots}\`, which is just right for this server; it knows no urgency, and does not say when to come back.`,
  kind: 'measured',
  atMostMs: 3 * 60_000,
  play,
}

/** What stands in between. */
interface Between {
  readonly origin: string
  /** How long each request that was refused had been there, as it says itself. */
  waitsMs?(): ReadonlyMap<string, number>
  close(): Promise<void>
}

type Overloaded = Stormed & { readonly insideMs: readonly number[] }

const arms: Readonly<Record<string, (origin: string) => Promise<Between>>> = {
  [`nginx, limit_conn ${slots}`]: (origin) => startNginx([origin], { type: 'at once', most: slots }),
  spillway: startSpillway,
}

async function play(how: How): Promise<Findings> {
  const seconds = how.quick ? { full: 2, over: 2, after: 2 } : { full: 6, over: 12, after: 11 }
  const seen = new Map<string, Overloaded>()
  const notMeasured: string[] = []
  for (const [name, start] of Object.entries(arms)) {
    how.say(`${name}: ${times} times too much`)
    if (name.startsWith('nginx') && !isInstalled('nginx')) notMeasured.push('nginx is not here: apt-get install nginx')
    else {
      const { result, tooLate } = await watchingLateness(() =>
        storm(start, { perSecond, answerMs, times, seconds, retries: 3 }),
      )
      seen.set(name, result)
      if (tooLate !== undefined) notMeasured.push(`${name}: ${tooLate}`)
    }
  }
  return { ...nothing, tables: [tableOf(seen)], conclusions: follow(seen.get('spillway')!), notMeasured }
}

async function storm(start: (origin: string) => Promise<Between>, plan: OverloadPlan): Promise<Overloaded> {
  const steps = [[0, stepMs] as const, [1_000, stepMs] as const]
  const server = await simServer('vllm', { engine: { slots, loadMs: 0, stepMs: steps } })
  const between = await start(server.origin)
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity })
  const refusals = new Refusals()
  const ask = (priority: string): Promise<Tried> => askOnce(agent, new URL(between.origin), priority, refusals)
  try {
    const arena = { now: () => performance.now(), sleep: (ms: number) => wait(ms), random: Math.random, ask }
    const stormed = await overload(arena, plan)
    return { ...stormed, ...refusals.times(between.waitsMs?.()) }
  } finally {
    agent.destroy()
    await between.close()
    await server.close()
  }
}

const body = JSON.stringify({
  model,
  stream: true,
  max_tokens: words,
  messages: [{ role: 'user', content: `Say ${words} words.` }],
})

function askOnce(agent: Agent, { hostname, port }: URL, priority: string, refusals: Refusals): Promise<Tried> {
  const id = refusals.nextId()
  const askedAt = performance.now()
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      'x-request-id': id,
      'x-spillway-priority': priority,
    }
    const options = { agent, host: hostname, port, method: 'POST', path: '/v1/chat/completions', headers }
    const asking = request(options, (response) => {
      let last = ''
      response.on('data', (bytes: Buffer) => (last = bytes.toString()))
      response.on('end', () => {
        const served = response.statusCode === 200 && last.includes('[DONE]')
        if (response.statusCode !== 200) refusals.told(id, performance.now() - askedAt)
        resolve({ served, retryAfterMs: Number(response.headers['retry-after-ms'] ?? NaN) || undefined })
      })
    })
    asking.on('error', () => resolve({ served: false, retryAfterMs: undefined }))
    asking.end(body)
  })
}

/** As a user starts it, in a process of its own. */
async function startSpillway(origin: string): Promise<Between> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-overload-'))
  const upstream = `{ name: box, kind: vllm, url: "${origin}", concurrency: ${slots} }`
  const doors = 'listen: 127.0.0.1:0\nadmin: { listen: "127.0.0.1:0" }\nlog: { format: json }\n'
  writeFileSync(join(folder, 'spillway.yaml'), `${doors}upstreams:\n  - ${upstream}\n`)
  const main = join(import.meta.dirname, '../../src/cli/main.ts')
  const child = spawn(process.execPath, ['--max-semi-space-size=8', main, 'serve'], {
    cwd: folder,
    env: { ...process.env, SPILLWAY_DATA_DIR: join(folder, 'data') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: Buffer[] = []
  const address = await new Promise<string>((resolve) => {
    child.stdout.on('data', (text: Buffer) => {
      said.push(text)
      if (said.length > 50) return
      const found = /Spillway listens on (http:[^\s"]+)/.exec(Buffer.concat(said).toString())
      if (found !== null) resolve(found[1]!)
    })
  })
  return {
    origin: address,
    waitsMs: () => waitsIn(Buffer.concat(said).toString()),
    async close() {
      const ended = once(child, 'close')
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

const tableOf = (seen: ReadonlyMap<string, Overloaded>): Table => ({
  title: `${times} times as many as fit`,
  columns: [
    { head: 'behind' },
    { head: 'answers/s at the peak', digits: 1 },
    { head: 'of those under overload %', digits: 1 },
    { head: 'urgent served %', digits: 2 },
    { head: 'at once %', digits: 1 },
    { head: 'refusals', digits: 0 },
    { head: 'told after ms, p50', digits: 1 },
    { head: 'p99', digits: 1 },
    { head: 'of that inside, p99', digits: 1 },
    { head: 'over after s', digits: 0 },
  ],
  rows: Array.from(
    seen,
    ([name, { peak, goodput, topServed, topAtOnce, refusals, refusedMs, insideMs, recoveryMs }]) => [
      name,
      peak,
      (100 * goodput) / peak,
      100 * topServed,
      100 * topAtOnce,
      refusals,
      refusedMs.length > 0 ? at(refusedMs, 0.5) : undefined,
      refusedMs.length > 0 ? at(refusedMs, 0.99) : undefined,
      insideMs.length > 0 ? at(insideMs, 0.99) : undefined,
      recoveryMs / 1_000,
    ],
  ),
})

/** One standstill of the machine is in one of these, and all who came meanwhile with it. */
const refusalsCut = 5

function follow({ goodput, goodputs, peak, topServed, refusedMs, recoveryMs }: Overloaded): readonly Conclusion[] {
  const refusalP99s = cutInto(refusedMs, refusalsCut).map((some) => at(some, 0.99))
  return [
    conclude({
      id: 'retrying.goodput',
      what: `answers a second under ${times} times too much, of the peak`,
      value: (100 * goodput) / peak,
      windows: goodputs.map((one) => (100 * one) / peak),
      unit: '%',
      digits: 1,
      bar: { least: 95 },
      kind: 'ratio',
    }),
    conclude({
      id: 'retrying.urgent',
      what: 'urgent requests that were served',
      value: 100 * topServed,
      unit: '%',
      digits: 2,
      bar: { least: 99.4 },
      kind: 'ratio',
    }),
    conclude({
      id: 'retrying.refusal',
      what: `until a refusal is told, p99, the middle one of ${refusalsCut} parts`,
      value: at(refusalP99s, 0.5),
      windows: refusalP99s,
      unit: 'ms',
      digits: 1,
      bar: { most: 20 },
      kind: 'absolute',
    }),
    conclude({
      id: 'retrying.over',
      what: 'until as many are served as come, after the overload',
      value: recoveryMs / 1_000,
      unit: 's',
      digits: 0,
      bar: { most: 10 },
      kind: 'absolute',
    }),
  ]
}
