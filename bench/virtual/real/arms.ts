import { resolve } from '../../../src/config/settings.ts'
import { createGateway } from '../../../src/gateway.ts'
import { startDoor } from '../../../src/http/server.ts'
import { realWorld } from '../../../src/http/world.ts'
import { type Limits, startNginx } from '../sockets/nginx.ts'
import type { Way } from './asking.ts'

/** What stands between callers and two servers while they ask; what it starts, it ends. */
export interface Arm {
  readonly name: string
  readonly open: (origins: readonly string[], known: Known) => Promise<Opened>
  /** Callers listen to the end although it is too late. */
  readonly waits?: boolean
}

/** What an operator may have measured, and what callers want. */
export interface Known {
  readonly perSecond: number
  readonly deadlineMs: number
}

export interface Opened {
  readonly way: Way
  readonly close: () => Promise<void>
}

export const inTurn = (origins: readonly string[]): (() => string) => {
  let turn = -1
  return () => origins[(turn = (turn + 1) % origins.length)]!
}

const direct: Arm['open'] = (origins) =>
  Promise.resolve({ way: { origin: inTurn(origins) }, close: () => Promise.resolve() })

const nginx =
  (limitsFor: (known: Known) => Limits): Arm['open'] =>
  async (origins, known) => {
    const { origin, close } = await startNginx(origins, limitsFor(known))
    return { way: { origin: () => origin }, close }
  }

/** As it comes: all that is written down is where the servers are. */
async function spillway(origins: readonly string[], { deadlineMs }: Known): Promise<Opened> {
  const world = realWorld()
  const upstreams = origins.map((url, number) => ({ name: `llama-${number + 1}`, kind: 'llamacpp', url }))
  const gateway = createGateway(resolve({ upstreams }), { world })
  const door = await startDoor(gateway, { host: '127.0.0.1', port: 0 })
  await gateway.start()
  const origin = `http://127.0.0.1:${door.address.port}`
  return {
    way: { origin: () => origin, headers: [['x-spillway-deadline-ms', String(Math.floor(deadlineMs))]] },
    close: async () => {
      await door.close(0)
      await gateway.stop()
      await world.close()
    },
  }
}

export const arms: readonly Arm[] = [
  { name: 'direct, in turn, nobody hangs up', open: direct, waits: true },
  { name: 'direct, in turn', open: direct },
  { name: 'nginx', open: nginx(() => ({ type: 'none' })) },
  { name: 'nginx, `limit_conn` 8', open: nginx(() => ({ type: 'at once', most: 8 })) },
  { name: 'nginx, `max_conns=4` for each', open: nginx(() => ({ type: 'at each', most: 4 })) },
  {
    name: 'nginx, `limit_req` at capacity',
    open: nginx(({ perSecond }) => ({ type: 'rate', perSecond, burst: 4 })),
  },
  { name: 'Spillway', open: spillway },
]
