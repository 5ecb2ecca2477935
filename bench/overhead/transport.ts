/**
 * What one upstream request costs the process that makes it: our client beside undici and node:http, on loopback.
 * The server is a process of its own that writes canned bytes; each measurement is a fresh client process, and the
 * transports take turns, so that a busy moment of the machine does not favour one of them. Compare the ratios.
 *
 *     node bench/overhead/transport.ts [rounds]
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { World } from '../../src/core/world.ts'
import { realWorld } from '../../src/http/world.ts'

const transports = ['own', 'undici', 'http'] as const
type Transport = (typeof transports)[number]

interface Scenario {
  readonly path: string
  readonly about: string
  readonly requests: number
  readonly warmup: number
  readonly concurrency: number
  /** What the cost is divided by. */
  readonly unitsPerRequest: number
}

const frames = 40
const scenarios: readonly Scenario[] = [
  {
    path: '/small',
    about: 'small JSON request and answer',
    requests: 40_000,
    warmup: 10_000,
    concurrency: 32,
    unitsPerRequest: 1,
  },
  {
    path: '/stream',
    about: `frame of a stream of ${frames}`,
    requests: 3_000,
    warmup: 600,
    concurrency: 100,
    unitsPerRequest: frames,
  },
  { path: '/large', about: 'answer of 512 KB', requests: 2_000, warmup: 200, concurrency: 8, unitsPerRequest: 1 },
]

const question = Buffer.from(
  JSON.stringify({ model: 'llama3.1:8b', messages: [{ role: 'user', content: 'Say something.' }] }),
)
const headers = [['content-type', 'application/json']] as const

/** The server: it knows nothing of HTTP but the bytes to write. */
function serve(): void {
  const head = 'HTTP/1.1 200 OK\r\nServer: canned\r\nDate: Sat, 21 Nov 2026 07:00:00 GMT\r\nKeep-Alive: timeout=5\r\n'
  const whole = (size: number): Buffer =>
    Buffer.from(`${head}Content-Type: application/json\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`)
  const small = whole(320)
  const large = whole(512 * 1024)
  const streamHead = Buffer.from(`${head}Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n`)
  const text = `data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":" token"}}],"pad":"${'p'.repeat(140)}"}\n\n`
  const frame = Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`)
  const last = Buffer.from('0\r\n\r\n')
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (asked) => {
      const line = asked.toString('latin1', 0, 24)
      // The rest of a request that came in two segments.
      if (!/^(?:GET|POST) /.test(line)) return
      if (line.includes(' /large ')) socket.write(large)
      else if (line.includes(' /stream ')) {
        socket.write(streamHead)
        let sent = 0
        const timer = setInterval(() => {
          sent += 1
          socket.write(sent <= frames ? frame : last)
          if (sent > frames) clearInterval(timer)
        }, 5)
      } else socket.write(small)
    })
  })
  process.on('disconnect', () => process.exit())
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port))
}

type Ask = () => Promise<number>

function viaWorld(world: World, origin: string, path: string): Ask {
  return async () => {
    const signal = new AbortController().signal
    const inbound = await world.send({ method: 'POST', origin, path, headers, body: question, signal })
    const source = inbound.body[Symbol.asyncIterator]()
    let size = 0
    for (let step = await source.next(); step.done !== true; step = await source.next()) size += step.value.length
    return size
  }
}

function viaHttp(port: number, path: string): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity })
  const fields = { 'content-type': 'application/json', 'content-length': question.length }
  return () =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        { host: '127.0.0.1', port, path, method: 'POST', agent, headers: fields },
        (incoming) => {
          let size = 0
          incoming.on('data', (chunk: Buffer) => (size += chunk.length))
          incoming.on('end', () => resolve(size))
        },
      )
      outgoing.on('error', reject)
      outgoing.end(question)
    })
}

async function measure(transport: Transport, scenario: Scenario, port: number): Promise<number> {
  const { path, requests, warmup, concurrency, unitsPerRequest } = scenario
  const ask =
    transport === 'http' ? viaHttp(port, path) : viaWorld(realWorld({ transport }), `http://127.0.0.1:${port}`, path)
  const run = async (count: number): Promise<void> => {
    let left = count
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1
        if ((await ask()) < 300) throw new Error('The answer is too short.')
      }
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
  }
  await run(warmup)
  const before = process.cpuUsage()
  await run(requests)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / (requests * unitsPerRequest)
}

async function compare(rounds: number): Promise<void> {
  const file = fileURLToPath(import.meta.url)
  const server = fork(file, ['--serve'])
  const [port] = (await once(server, 'message')) as [number]
  for (const [index, scenario] of scenarios.entries()) {
    const costs: Record<Transport, number[]> = { own: [], undici: [], http: [] }
    for (let round = 0; round < rounds; round += 1) {
      for (const transport of transports) {
        const client: ChildProcess = fork(file, ['--client', transport, String(index), String(port)])
        const [cost] = (await once(client, 'message')) as [number]
        costs[transport].push(cost)
      }
    }
    const own = Math.min(...costs.own)
    const line = transports.map((transport) => {
      const best = Math.min(...costs[transport])
      return `${transport} ${best.toFixed(2)} us (${(best / own).toFixed(2)}x)`
    })
    console.log(`${scenario.about}: ${line.join(', ')}`)
  }
  server.kill()
}

const [mode, ...rest] = process.argv.slice(2)
if (mode === '--serve') serve()
else if (mode === '--client') {
  const [transport, index, port] = rest
  process.send!(await measure(transport as Transport, scenarios[Number(index)]!, Number(port)))
  process.exit()
} else await compare(Number(mode ?? 3))
