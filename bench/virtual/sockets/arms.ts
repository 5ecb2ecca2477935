import { resolve } from '../../../src/config/settings.ts'
import { createGateway } from '../../../src/gateway.ts'
import { startDoor } from '../../../src/http/server.ts'
import { armOf, wishesIn } from '../arms/index.ts'
import { inTurn } from '../arms/direct.ts'
import { originIn } from '../arms/spillway.ts'
import type { Wishes } from '../scenario.ts'
import { configFor, keyOf } from '../settings.ts'
import type { Spot } from '../stage.ts'
import type { Visit } from '../trip.ts'
import { fastWorld, type SocketArm } from './drive.ts'
import { type Limits, startNginx } from './nginx.ts'

/** By the names that arms have in virtual time. What is a program there is that program here; what is a caller's habit stays. */
export function socketArmOf(name: string): SocketArm {
  const [way, ...settings] = name.split(':')
  const [first, second] = settings.map(Number)
  switch (way) {
    case 'spillway':
      return spillway(wishesIn(settings))
    case 'nginx':
      return nginx(() => ({ type: 'none' }))
    case 'nginx-conn':
      return nginx(() => ({ type: 'at once', most: first! }))
    case 'nginx-rate':
      return nginx((speed) => ({ type: 'rate', perSecond: first! * speed, burst: second ?? 0 }))
    default:
      return async (stage) => ({ visit: await armOf(name)(stage), close: () => Promise.resolve() })
  }
}

const nginx =
  (limitsAt: (speed: number) => Limits): SocketArm =>
  async (stage, speed) => {
    const { origin, close } = await startNginx(
      stage.homes.map((home) => home.origin),
      limitsAt(speed),
    )
    return { visit: inTurn({ ...stage, homes: [{ ...stage.homes[0]!, name: 'nginx', origin }] }), close }
  }

/** The gateway behind its own door, asked over HTTP. */
const spillway =
  (wishes: Wishes): SocketArm =>
  async (stage, speed) => {
    const world = fastWorld(speed)
    const gateway = createGateway(resolve(configFor(stage.scenario, originIn(stage))), { world })
    const door = await startDoor(gateway, { host: '127.0.0.1', port: 0 })
    await gateway.start()
    const { patienceMs, deadlineMs } = { ...stage.scenario.wishes, ...wishes }
    const spot: Spot = {
      name: 'spillway',
      origin: `http://127.0.0.1:${door.address.port}`,
      serve: undefined,
      headers: ({ caller }) => [
        ['authorization', `Bearer ${keyOf(caller.name)}`],
        ...(patienceMs === undefined ? [] : [['x-spillway-patience-ms', String(patienceMs)] as const]),
        ...(deadlineMs === undefined ? [] : [['x-spillway-deadline-ms', String(deadlineMs)] as const]),
      ],
    }
    const visit: Visit = inTurn({ ...stage, homes: [spot] })
    const close = async (): Promise<void> => {
      await door.close(0)
      await gateway.stop()
      await world.close()
    }
    return { visit, close }
  }
