import type { Layer } from '../core/serve.ts'
import type { Settings } from '../core/settings.ts'
import { createGateway, type Gateway } from '../gateway.ts'
import { type Visit, visit } from './caller.ts'
import type { Faults } from './faults.ts'
import { exampleFleet, type Machine, originOf, settingsFor } from './fleet.ts'
import { type Outages, trouble } from './outages.ts'
import { Recorder } from './recorder.ts'
import { type Report, reportOf } from './report.ts'
import { SimServer } from './server.ts'
import { falseAtTheEnd, falseNow, falseOf } from './verdict.ts'
import { errandsOf, usualWorkload, type Workload } from './workload.ts'
import { SimWorld } from './world.ts'

export interface Simulation {
  readonly seed: number
  readonly requests: number
  readonly workload?: Workload
  readonly fleet?: readonly Machine[]
  readonly outages?: Outages | undefined
  /** What goes wrong with requests at every server, in place of the fleet's own. */
  readonly faults?: Faults
  /** In place of what suits the fleet and the callers. */
  readonly settings?: Partial<Settings>
  readonly layers?: readonly Layer[]
}

/** Something that must always be true was not. */
export class Violation extends Error {
  constructor(seed: number, what: string, options?: ErrorOptions) {
    super(`Seed ${seed}: ${what}`, options)
    this.name = 'Violation'
  }
}

/** Nobody waits longer than this, whatever happens: patience, a few tries and their timeouts are well below. */
const waitMaxMs = 3_600_000
/** After the last answer, for what is being put away. */
const settleMs = 1_000
/** After the end: a caller's own clock may still run, a probe be under way. */
const restMs = 10_000

/**
 * Runs the production gateway in a simulated world from a seed, and holds it to its promises. Throws a Violation when one
 * is broken; otherwise tells how it went.
 */
export async function simulate(simulation: Simulation): Promise<Report> {
  const { seed, requests, workload = usualWorkload, fleet = exampleFleet, outages, faults, settings, layers } = simulation
  const world = new SimWorld(seed)
  const servers = fleet.map((machine) => {
    const server = new SimServer(machine.server, world, seed)
    if (faults !== undefined) server.faults = faults
    world.attach(originOf(machine), server)
    return server
  })
  const gateway = createGateway({ ...settingsFor(fleet, workload), ...settings }, { world, layers })
  const recorder = new Recorder({ now: () => world.now(), waiting: () => gateway.waiting })
  gateway.subscribe(recorder.listen)
  const stage: Stage = { world, servers, gateway, recorder, seed }
  try {
    await world.run(gateway.start())
    const beganAt = world.now()
    const calm = new AbortController()
    if (outages !== undefined) {
      for (const server of servers) {
        const chance = world.chance(`outages of ${server.spec.name}`)
        void trouble(server, outages, { world, chance, over: calm.signal })
      }
    }
    const { visits } = await world.run(send(stage, workload, requests))
    const seen = await world.run(Promise.all(visits), world.now() + waitMaxMs)
    const tookMs = world.now() - beganAt
    calm.abort()
    await world.run(world.sleep(settleMs))
    hold(seed, falseAtTheEnd(stage, fleet))
    await gateway.stop()
    await world.run(world.sleep(restMs))
    hold(seed, world.idle ? undefined : 'a gateway that was stopped does nothing any more')
    return reportOf(simulation, { visits: seen, recorder, servers, gateway, tookMs })
  } catch (error) {
    if (error instanceof Violation) throw error
    throw new Violation(seed, error instanceof Error ? `${error.stack}` : String(error), { cause: error })
  }
}

export interface Stage {
  readonly seed: number
  readonly world: SimWorld
  readonly servers: readonly SimServer[]
  readonly gateway: Gateway
  readonly recorder: Recorder
}

/** Sends everybody on their errands, each at its time; resolves when the last one has set out. */
async function send(stage: Stage, workload: Workload, requests: number): Promise<{ visits: Promise<Visit>[] }> {
  const { seed, world, gateway, recorder } = stage
  const beganAt = world.now()
  const visits: Promise<Visit>[] = []
  for (const errand of errandsOf(workload, requests, (purpose) => world.chance(purpose))) {
    const at = beganAt + errand.atMs
    if (at > world.now()) await world.sleep(at - world.now())
    const going = visit(errand, gateway).then((seen) => {
      hold(seed, falseOf(seen) ?? falseNow(stage), `errand ${errand.number}, ${errand.dialect}, ${seen.outcome?.upstream ?? 'no upstream'}`)
      recorder.note(`${world.now()} ${errand.number} ${seen.heard?.text.length} ${seen.fault?.kind}\n`)
      return seen
    })
    // Whoever waits for all of them is told; until then a failure must not go unheard either.
    going.catch(() => {})
    visits.push(going)
  }
  return { visits }
}

function hold(seed: number, falseSentence: string | undefined, where?: string): void {
  if (falseSentence === undefined) return
  throw new Violation(seed, `it is false that ${falseSentence}${where === undefined ? '' : ` (${where})`}.`)
}
