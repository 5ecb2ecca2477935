import type { Ask, Caller } from '../core/ask.ts'
import type { Event } from '../core/event.ts'
import type { Policy } from '../core/policy.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import { FakeWorld } from '../fleet/fake-world.test-helper.ts'
import { Fleet } from '../fleet/fleet.ts'
import { anything, settingsOf } from '../fleet/settings.test-helper.ts'
import { Scheduler, type Lease } from './scheduler.ts'

export const callerOf = (id: string, more: Partial<Caller> = {}): Caller => ({
  id,
  weight: 1,
  priority: 'default',
  models: undefined,
  cloud: 'allowed',
  ...more,
})

const leastLoaded: Policy = (_ask, { inFlight, limit }) => inFlight / limit

export interface Rig {
  readonly world: FakeWorld
  readonly fleet: Fleet
  readonly scheduler: Scheduler
  readonly events: Event[]
  readonly ask: (more?: Partial<Ask>) => Ask
}

/** For tests: a scheduler over servers that serve the model `m`, unless told otherwise, with one place each. */
export function rigOf(upstreams: Record<string, Partial<UpstreamSettings>>, queueMax = 1_000): Rig {
  const world = new FakeWorld()
  const events: Event[] = []
  const emit = (event: Event): void => void events.push(event)
  const settings = Object.entries(upstreams).map(([name, more]) =>
    settingsOf(name, { concurrency: 1, serve: new Map([['m', 'm']]), ...more }),
  )
  const fleet = new Fleet({ upstreams: settings, world, emit, probeEveryMs: 10_000, canOf: anything })
  const scheduler = new Scheduler({ world, fleet, policy: leastLoaded, queueMax, emit })
  let asks = 0
  const ask = (more: Partial<Ask> = {}): Ask => ({
    id: `ask-${(asks += 1)}`,
    caller: callerOf('someone'),
    dialect: 'openai.chat',
    model: 'm',
    stream: true,
    promptTokens: 100,
    outputTokensMax: 100,
    needs: ['chat'],
    body: {},
    raw: undefined,
    headers: [],
    priority: 'default',
    cloud: 'allowed',
    patienceMs: 60_000,
    arrivedAt: world.now(),
    signal: new AbortController().signal,
    ...more,
  })
  return { world, fleet, scheduler, events, ask }
}

export interface Watched {
  waits: boolean
  lease?: Lease
  error?: Error & { kind?: string; retryAfterMs?: number }
}

/** What has become of an acquire so far. */
export function watched(lease: Promise<Lease>): Watched {
  const seen: Watched = { waits: true }
  lease.then(
    (granted) => Object.assign(seen, { waits: false, lease: granted }),
    (error: Error) => Object.assign(seen, { waits: false, error }),
  )
  return seen
}

/** A server that takes this long for everything; it ends the leases it is given. */
export function serveFor(
  world: FakeWorld,
  lease: Promise<Lease>,
  tookMs: number,
  onServed: (lease: Lease) => void = () => {},
): void {
  void lease.then(async (granted) => {
    await world.sleep(tookMs / 2)
    granted.spoke(world.now())
    await world.sleep(tookMs / 2)
    granted.end('served', { firstTokenMs: tookMs / 2, usage: { promptTokens: 100, outputTokens: 100 } })
    onServed(granted)
  })
}
