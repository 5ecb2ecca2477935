import { createGateway } from '../gateway.ts'
import { type Trip, tripOf, visit } from './caller.ts'
import { exampleFleet, originOf, settingsFor } from './fleet.ts'
import { trouble } from './outages.ts'
import { Chronicle } from './chronicle.ts'
import { hummed } from './recital.ts'
import { type Report, reportOf, type Seen } from './report.ts'
import { seldomProbed } from './seldom.ts'
import { SimServer } from './server.ts'
import type { Simulation, Stage } from './simulation.ts'
import { falseAtTheEnd, falseForWaiting, falseNow, falseOf, type KindOf } from './verdict.ts'
import { errandsOf, usualWorkload, type Workload } from './workload.ts'
import { SimWorld } from './world.ts'

/** Something that must always be true was not. */
export class Violation extends Error {
  readonly seed: number
  readonly what: string

  constructor(seed: number, what: string, options?: ErrorOptions) {
    super(`Seed ${seed}: ${what}`, options)
    this.name = 'Violation'
    this.seed = seed
    this.what = what
  }
}

/** Where servers tell coarsely, so does who looks whether all is well: to one in so many is listened, word by word. */
const listenedEvery = 10
/** Nobody waits longer than this, whatever happens: patience, a few tries and their timeouts are well below. */
const waitMaxMs = 3_600_000
/** After the last answer, for what is being put away. */
const settleMs = 1_000
/** A little beside the round numbers at which other things happen. */
const lookEveryMs = 487
/** After the end: a slow server may still be loading a model. */
const restMs = 60_000

/**
 * Runs the production gateway in a simulated world from a seed, and holds it to its promises. Throws a Violation when one
 * is broken; otherwise tells how it went.
 */
export const simulate = async (simulation: Simulation): Promise<Report> =>
  reportOf(simulation, await unfold(simulation, true))

/** The same for who listens himself: nothing is kept to be told, which a long history has much of. */
export async function simulateUntold(simulation: Simulation): Promise<void> {
  await unfold(simulation, false)
}

async function unfold(simulation: Simulation, isTold: boolean): Promise<Seen> {
  const {
    seed,
    workload = usualWorkload,
    fleet = exampleFleet,
    outages,
    faults,
    settings,
    layers,
    ledger,
    policy,
    script,
    startsAt,
    grain,
    isHeld = true,
  } = simulation
  const world = new SimWorld(seed)
  if (startsAt !== undefined) world.setDate(startsAt - world.epochMs())
  const servers = fleet.map((machine) => {
    const server = new SimServer(machine.server, world, seed, grain)
    if (faults !== undefined) server.faults = faults
    world.attach(originOf(machine), server)
    return server
  })
  const asSet = { ...settingsFor(fleet, workload), ...settings }
  const gateway = createGateway(grain === 'coarse' ? seldomProbed(asSet) : asSet, { world, layers, ledger, policy })
  const chronicle = new Chronicle({
    now: () => world.now(),
    waiting: () => gateway.waiting,
    isKept: isTold,
    mayLeave: ({ caller, model }) => caller.cloud === 'allowed' && settings?.models?.get(model)?.cloud !== 'never',
  })
  gateway.subscribe(chronicle.listen)
  const stage: Stage = { world, servers, gateway, chronicle, seed }
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
    void script?.(stage)
    if (isHeld) void look(stage, calm.signal)
    const { trips } = await world.run(send(stage, simulation, workload))
    const made = await world.run(Promise.all(trips), world.now() + waitMaxMs)
    const tookMs = world.now() - beganAt
    calm.abort()
    await world.run(world.sleep(settleMs))
    if (isHeld) hold(seed, falseAtTheEnd(stage, fleet))
    await gateway.stop()
    await world.run(world.sleep(restMs))
    if (isHeld) hold(seed, world.idle ? undefined : 'a gateway that was stopped does nothing any more')
    return { trips: made, chronicle, servers, gateway, tookMs }
  } catch (error) {
    if (error instanceof Violation) throw error
    throw new Violation(seed, error instanceof Error ? `${error.stack}` : String(error), { cause: error })
  }
}

/** Sends everybody on their errands, each at its time; resolves when the last one has set out. */
async function send(
  stage: Stage,
  { requests, errands, onVisit, grain, isHeld = true }: Simulation,
  workload: Workload,
): Promise<{ trips: Promise<Trip>[] }> {
  const { seed, world, gateway, chronicle, servers } = stage
  const kinds = new Map(servers.map(({ spec }) => [spec.name, spec.kind]))
  const kindOf: KindOf = (upstream) => (upstream === undefined ? undefined : kinds.get(upstream))
  const beganAt = world.now()
  const trips: Promise<Trip>[] = []
  for (const errand of errands ?? errandsOf(workload, requests, (purpose) => world.chance(purpose))) {
    const at = beganAt + errand.atMs
    if (at > world.now()) await world.sleep(at - world.now())
    const isListened = isHeld && (grain !== 'coarse' || errand.number % listenedEvery === 0)
    const asked = isListened ? errand : { ...errand, question: hummed(errand.question) }
    const going = visit(asked, gateway, isListened).then((seen) => {
      if (isHeld) {
        const where = `errand ${errand.number}, ${errand.dialect}, ${seen.outcome?.upstream ?? 'no upstream'}`
        hold(seed, falseOf(seen, kindOf) ?? falseNow(stage), where)
      }
      onVisit?.(seen)
      chronicle.note(`${world.now()} ${errand.number} ${seen.heard?.text.length} ${seen.fault?.kind}\n`)
      return tripOf(seen)
    })
    // Whoever waits for all of them is told; until then a failure must not go unheard either.
    going.catch(() => {})
    trips.push(going)
  }
  return { trips }
}

async function look(stage: Stage, over: AbortSignal): Promise<void> {
  const nobodyWaits = (): boolean => stage.gateway.waiting === 0
  while (!over.aborted) {
    await stage.world.sleep(lookEveryMs, over, nobodyWaits)
    stage.chronicle.wrong ??= falseForWaiting(stage)
  }
}

function hold(seed: number, falseSentence: string | undefined, where?: string): void {
  if (falseSentence === undefined) return
  throw new Violation(seed, `it is false that ${falseSentence}${where === undefined ? '' : ` (${where})`}.`)
}
