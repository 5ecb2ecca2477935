import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { ConfigInput } from '../../src/config/schema.ts'
import { type Besides, startNginx } from '../virtual/sockets/nginx.ts'
import type { Orders, Told } from './gateway.ts'

/** A way from callers to two servers. */
export interface Way {
  readonly name: string
  /** Where callers ask; it may move when all is forgotten. */
  readonly origin: string
  /** Those whose first server let them down, by their ids. */
  readonly letDown: ReadonlySet<string>
  /** Nothing is held against a server that failed before. */
  forget(): Promise<void>
  close(): Promise<void>
}

export interface Ends {
  readonly origins: readonly string[]
  /** So many times faster time goes. */
  readonly speed: number
}

export type WayName = 'spillway' | 'spillway, resume' | 'nginx' | 'nginx, proxy_next_upstream'

export function openWay(name: WayName, ends: Ends): Promise<Way> {
  switch (name) {
    case 'spillway':
      return spillway(name, ends, {})
    case 'spillway, resume':
      return spillway(name, ends, { '*': { resume: true } })
    case 'nginx':
      return nginx(name, ends, {})
    case 'nginx, proxy_next_upstream':
      return nginx(name, ends, knowledgeable(ends))
  }
}

/**
 * As somebody sets it who knows what to ask for: a generation may be asked for again, and a server is given up that has said nothing
 * for 5 s, which is more than any first token takes here.
 */
const knowledgeable = ({ speed }: Ends): Besides => ({
  ofAll: [
    'proxy_next_upstream error timeout http_503 non_idempotent',
    'proxy_connect_timeout 1s',
    `proxy_read_timeout ${Math.round(5_000 / speed)}ms`,
  ],
})

const usualReadMs = 60_000

async function nginx(name: string, { origins, speed }: Ends, { ofAll = [] }: Besides): Promise<Way> {
  const silence = ofAll.some((line) => line.startsWith('proxy_read_timeout'))
    ? []
    : [`proxy_read_timeout ${Math.round(usualReadMs / speed)}ms`]
  // It would leave a server alone for 10 s that failed once: of those who come meanwhile nobody would meet the fault.
  const says = 'add_header x-asked $upstream_addr always'
  const { origin, close } = await startNginx(
    origins,
    { type: 'none' },
    { ofEach: 'max_fails=0', ofAll: [...ofAll, ...silence, says] },
  )
  return { name, origin, letDown: new Set(), forget: () => Promise.resolve(), close }
}

async function spillway(name: string, { origins, speed }: Ends, models: ConfigInput['models']): Promise<Way> {
  const upstreams = origins.map((url, at) => ({ name: `s${at}`, kind: 'llamacpp' as const, url, concurrency: 8 }))
  const orders: Orders = { config: { upstreams, models }, speed }
  const child = fork(join(import.meta.dirname, 'gateway.ts'), [JSON.stringify(orders)])
  const letDown = new Set<string>()
  let origin = ''
  let onMoved = (): void => {}
  let moved = new Promise<void>((resolve) => (onMoved = resolve))
  child.on('message', (told: Told) => {
    if ('failed' in told) letDown.add(told.failed)
    else {
      origin = told.origin
      onMoved()
    }
  })
  await Promise.race([moved, once(child, 'exit').then(() => Promise.reject(new Error('The gateway did not start.')))])
  return {
    name,
    get origin() {
      return origin
    },
    letDown,
    async forget() {
      moved = new Promise((resolve) => (onMoved = resolve))
      child.send('fresh')
      await moved
    },
    async close() {
      const over = once(child, 'exit')
      child.disconnect()
      await over
    },
  }
}
