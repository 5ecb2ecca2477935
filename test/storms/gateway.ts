import type { TestContext } from 'node:test'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'

/** A gateway in a process of its own, and what can be seen of it from outside. */
export interface Outside {
  readonly url: string
  readonly port: number
  readonly pid: number
  metric(name: string): Promise<number>
  /** What it has under way or in its hands. */
  held(): Promise<Held>
}

export interface Held {
  readonly asks: number
  readonly inFlight: number
  readonly connections: number
  readonly slowReaders: number
}

export async function gatewayBefore(t: TestContext, origin: string, more = ''): Promise<Outside> {
  const config =
    `listen: 127.0.0.1:0\nadmin: { listen: "127.0.0.1:0" }\nlog: { level: error }\n` +
    `upstreams:\n  - { name: box, kind: openai-compatible, url: "${origin}", concurrency: 400 }\n${more}`
  const running = spillway(t, ['serve'], { cwd: folderWith(t, { 'spillway.yaml': config }) })
  const [, url = '', admin = ''] = await running.says(/Spillway listens on (http:\S+) \(admin (http:[^\s)]+)\)/)
  const read = async (path: string): Promise<string> => (await fetch(admin + path)).text()
  return {
    url,
    port: Number(new URL(url).port),
    pid: running.child.pid!,
    metric: async (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await read('/metrics'))?.[1]),
    held: async () => {
      const { asks } = JSON.parse(await read('/api/asks')) as { asks: unknown[] }
      const { upstreams } = JSON.parse(await read('/api/upstreams')) as { upstreams: { in_flight: number }[] }
      const { connections, slow_readers: slowReaders } = JSON.parse(await read('/api/pressure')) as {
        connections: number
        slow_readers: number
      }
      const inFlight = upstreams.reduce((sum, upstream) => sum + upstream.in_flight, 0)
      return { asks: asks.length, inFlight, connections, slowReaders }
    },
  }
}
