/**
 * What it costs a caller when the first server that is asked refuses the connection or resets it before a byte, on real
 * sockets: `node bench/failover.ts [samples]`. Those that were served by the first they were sent to, in the same minutes, stand beside it.
 */
import { Agent, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { doorsOf, parse, settingsOf } from '../../src/config/settings.ts'
import { openHouse } from '../../src/cli/house.ts'
import type { ServerOptions } from '../../src/sim/server-spec.ts'
import { simServer } from '../../src/sim/sockets.ts'
import { quantile } from '../../test/storms/quantile.ts'

const wanted = Number(process.argv[2] ?? 300)
const barMs = 20
const model = 'llama3.1:8b'
const engine: ServerOptions['engine'] = {
  slots: 8,
  loadMs: 0,
  stepMs: [
    [0, 1],
    [100, 1],
  ],
}

const servers = await Promise.all(['one', 'two'].map((name) => simServer('vllm', { name, engine })))
const [faulty] = servers
const config = parse({
  listen: '127.0.0.1:0',
  admin: { listen: '127.0.0.1:0' },
  hedge: false,
  upstreams: servers.map(({ origin }, at) => ({ name: `s${at}`, kind: 'vllm', url: origin, concurrency: 8 })),
})
const failed = new Set<string>()
const house = await openHouse({
  settings: settingsOf(config),
  doors: doorsOf(config),
  transport: 'own',
  listen: (event) => void (event.type === 'attempt-failed' && failed.add(event.ask.id)),
})
const agent = new Agent({ keepAlive: true })
const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Say 2 words.' }] })
let asked = 0

/** Until its first byte. */
function ask(): Promise<{ readonly ms: number; readonly isSecond: boolean }> {
  const id = `bench-${(asked += 1)}`
  return new Promise((resolve, reject) => {
    const sentAt = performance.now()
    const headers = { 'content-type': 'application/json', 'x-request-id': id }
    const sent = request(`${house.address}/v1/chat/completions`, { method: 'POST', agent, headers }, (answer) => {
      answer.once('data', () => {
        const ms = performance.now() - sentAt
        answer.resume().once('end', () => {
          if (answer.statusCode === 200) resolve({ ms, isSecond: failed.has(id) })
          else reject(new Error(`status ${answer.statusCode}`))
        })
      })
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

/** So that both are asked in turn. */
const some = (): Promise<{ readonly ms: number; readonly isSecond: boolean }[]> =>
  Promise.all(Array.from({ length: 4 }, ask))

async function measure(what: string, breaks: () => void, mends: () => void): Promise<boolean> {
  const [straight, second]: number[][] = [[], []]
  while (second!.length < wanted) {
    breaks()
    for (const { ms, isSecond } of await some()) (isSecond ? second : straight)!.push(ms)
    mends()
    for (const { ms, isSecond } of await some()) (isSecond ? second : straight)!.push(ms)
    await wait(20)
    // One that failed five times in a row would not be asked any more.
    for (const { breaker } of house.gateway.fleet.upstreams) breaker.close()
    for (const upstream of house.gateway.fleet.upstreams) upstream.up = true
  }
  const at = (part: number): readonly number[] =>
    [straight!, second!].map((all) =>
      quantile(
        all.toSorted((a, b) => a - b),
        part,
      ),
    )
  const [p50, p99] = [at(0.5), at(0.99)]
  const isHeld = p99[1]! - p99[0]! <= barMs
  const told = [p50, p99].map(([one, other]) => `${one!.toFixed(1)} -> ${other!.toFixed(1)} ms`)
  process.stdout.write(
    `${isHeld ? 'held' : 'MISSED'}: ${what}: first byte p50 ${told[0]}, p99 ${told[1]}, ${second!.length} of them; bar +${barMs} ms\n`,
  )
  return isHeld
}

for (let i = 0; i < 50; i += 1) await some()
const held = [
  await measure(
    'reset before a byte',
    () => (faulty!.server.faults = { reset: 1 }),
    () => (faulty!.server.faults = {}),
  ),
  await measure(
    'connection refused',
    () => faulty!.server.crash(),
    () => faulty!.server.restart(),
  ),
]
agent.destroy()
await house.close(0)
await Promise.all(servers.map(({ close }) => close()))
process.exitCode = held.every(Boolean) ? 0 : 1
