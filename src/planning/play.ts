import type { Settings } from '../core/settings.ts'
import { type Machine, movedIn } from '../sim/fleet.ts'
import { simulateUntold } from '../sim/run.ts'
import type { Stage } from '../sim/simulation.ts'
import { usualSettings } from './as-recorded.ts'
import { type Passage, passageOf } from './passage.ts'
import type { Plan } from './plan.ts'
import { fleetOf, pricesFor, type Stock } from './stock.ts'
import type { Traffic } from './traffic.ts'

export interface PlayParts {
  readonly traffic: Traffic
  readonly stock: Stock
  readonly seed: number
  /** Whether servers go down when they did. */
  readonly outages: boolean
  /** Whether it is looked if the gateway keeps its promises. That takes a third longer, and whoever plans wants numbers. */
  readonly isHeld?: boolean
}

export type Play = (plan: Plan, parts: PlayParts) => Promise<readonly Passage[]>

/** How the traffic fares with a plan. */
export async function play(plan: Plan, parts: PlayParts): Promise<readonly Passage[]> {
  const { traffic, stock, seed, outages, isHeld = false } = parts
  const fleet = fleetOf(plan, stock)
  const { callers, errands } = traffic.playedIn(plan.settings)
  const passages: Passage[] = []
  await simulateUntold({
    seed,
    requests: traffic.requests,
    errands,
    startsAt: traffic.beganAt,
    grain: 'coarse',
    isHeld,
    fleet,
    settings: movedIn({ ...plan.settings, callers, money: moneyOf(plan.settings, fleet, stock) }, fleet),
    script: async (stage) => {
      const { gateway, world } = stage
      gateway.subscribe((event) => {
        if (event.type !== 'ask-settled') return
        passages.push(passageOf(event.ask, event.outcome, world.epochMs() - event.outcome.totalMs))
      })
      if (outages) await befall(stage, traffic)
    },
  })
  return passages
}

/** Nobody is told of money that is not spent. */
function moneyOf(settings: Settings, fleet: readonly Machine[], stock: Stock): Settings['money'] {
  const { money = usualSettings().money! } = settings
  return { ...money, prices: pricesFor(settings, fleet, stock), alerts: { ...money.alerts, webhook: undefined } }
}

/** Lets servers go down and come up when they did. */
async function befall({ servers, world }: Stage, { outages, beganAt = 0, spellMs }: Traffic): Promise<void> {
  const byName = new Map(servers.map((server) => [server.spec.name, server]))
  const steps = outages.flatMap(({ upstream, up, at }) => {
    const server = byName.get(upstream)
    // Found again is who has its models in memory already.
    const atMs = at - beganAt - (up ? (server?.spec.engine.loadMs ?? 0) : 0)
    return server === undefined || atMs < 0 || atMs > spellMs ? [] : [{ server, up, atMs }]
  })
  const startedAt = world.now()
  for (const { server, up, atMs } of steps.sort((one, other) => one.atMs - other.atMs)) {
    await world.sleep(startedAt + atMs - world.now())
    if (up) server.restart()
    else server.crash()
  }
}
