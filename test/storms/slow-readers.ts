import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { until } from '../e2e/rig.ts'
import { contentOf, endlessServer, model } from './endless-server.ts'
import { gatewayBefore, type Held } from './gateway.ts'

export interface SlowOptions {
  readonly readers: number
  readonly stallSeconds: number
}

export interface Witnessed {
  /** Memory of the gateway before, and the most of it with all of them there. */
  readonly residentBefore: number
  readonly residentMost: number
  /** What the system held for the connections of everybody; undefined where it does not tell. */
  readonly kernelBytes: number | undefined
  /** From the first request to the last place that was free again. */
  readonly freedMs: number
  readonly cut: number
  readonly held: Held
  /** Between two frames of those who read, the shortest first. */
  readonly gapsMs: readonly number[]
}

const healthy = 10
const text = 'x'.repeat(16_000)

/** Callers who ask for endless answers and never read a byte of them, beside some who read. */
export async function slowReaders(t: TestContext, { readers, stallSeconds }: SlowOptions): Promise<Witnessed> {
  const frame = (name: string): string => contentOf(name.startsWith('flood') ? text : 'word')
  const server = await endlessServer(t, { frame })
  const gateway = await gatewayBefore(t, server.origin, `bounds: { reader_stall: ${stallSeconds}s }\n`)
  const sockets: Socket[] = []
  t.after(() => sockets.forEach((socket) => socket.destroy()))
  const ask = (name: string): Socket => {
    const body = JSON.stringify({ model, stream: true, user: name, messages: [{ role: 'user', content: 'Go on.' }] })
    const socket = connect({ port: gateway.port, host: '127.0.0.1', noDelay: true })
    socket.on('error', () => {})
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    sockets.push(socket)
    return socket
  }
  const gapsMs: number[] = []
  for (let at = 0; at < healthy; at += 1) {
    let before: number | undefined
    ask(`reads-${at}`).on('data', () => {
      const now = performance.now()
      if (before !== undefined) gapsMs.push(now - before)
      before = now
    })
  }
  await until(() => server.answering === healthy, 5_000, 'those who read are served')
  const resident = (): Promise<number> => gateway.metric('process_resident_memory_bytes')
  const residentBefore = await resident()
  const from = performance.now()
  for (let at = 0; at < readers; at += 1) {
    ask(`flood-${at}`).pause()
    if (at % 20 === 19) await wait(5)
  }
  let residentMost = 0
  let kernelBytes: number | undefined
  await until(
    async () => {
      residentMost = Math.max(residentMost, await resident())
      kernelBytes = Math.max(kernelBytes ?? 0, kernelPages() ?? 0) || undefined
      return server.cameAt.size === healthy + readers && server.answering === healthy
    },
    stallSeconds * 1_000 + 30_000,
    'the places of those who do not read are free',
  )
  const freedMs = performance.now() - from
  const held = await gateway.held()
  const cut = await gateway.metric('spillway_connections_cut_total\\{reason="stalled"\\}')
  return {
    residentBefore,
    residentMost,
    kernelBytes: kernelBytes === undefined ? undefined : kernelBytes * 4_096,
    freedMs,
    cut,
    held,
    gapsMs: gapsMs.sort((one, other) => one - other),
  }
}

function kernelPages(): number | undefined {
  try {
    return Number(/^TCP: .* mem (\d+)$/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1])
  } catch {
    return undefined
  }
}
