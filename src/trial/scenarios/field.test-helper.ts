import { createGateway } from '../../gateway.ts'
import { machine, originOf, settingsFor } from '../../sim/fleet.ts'
import { SimServer } from '../../sim/server.ts'
import type { ServerSpec } from '../../sim/server-spec.ts'
import { usualWorkload } from '../../sim/workload.ts'
import { SimWorld } from '../../sim/world.ts'
import { overHttp } from '../over-http.ts'
import { Questions } from '../question.ts'
import { throughServe } from '../through-serve.ts'
import { model } from '../world.test-helper.ts'
import { InTurn } from './in-turn.ts'
import type { Field, Figure, Result, Scenario } from './scenario.ts'

export interface Staged {
  readonly world: SimWorld
  readonly servers: readonly SimServer[]
  readonly field: Field
  readonly stop: AbortController
}

/** Simulated servers with a gateway before them, and the same servers without it. */
export async function fielded(specs: readonly ServerSpec[], options: Partial<Field> = {}): Promise<Staged> {
  const world = new SimWorld(1)
  const machines = specs.map((spec) =>
    machine(spec, spec.kind === 'openai' ? { serve: { [model]: 'gpt-5-mini' } } : {}),
  )
  const servers = machines.map((one) => {
    const server = new SimServer(one.server, world, 1)
    world.attach(originOf(one), server)
    return server
  })
  const gateway = createGateway(settingsFor(machines, { ...usualWorkload, callers: [] }), { world })
  await world.run(gateway.start())
  const home = machines.filter(({ kind }) => kind !== 'openai')
  const straight = home.map((one) => [one.server.name, overHttp(world, { url: originOf(one), model })] as const)
  const stop = new AbortController()
  const field: Field = {
    world,
    gateway: throughServe(gateway, { model, patienceMs: 2_000 }),
    direct: new InTurn(new Map(straight)),
    questions: new Questions({ random: world.chance('questions'), promptTokens: 256, outputTokens: 64 }),
    chance: (purpose) => world.chance(purpose),
    capacity: undefined,
    isSpill: (upstream) => upstream !== undefined && !home.some(({ server }) => server.name === upstream),
    signal: stop.signal,
    say: () => {},
    forMs: 30_000,
    atOnceMost: 16,
    patienceMs: 2_000,
    answerMs: 2_000,
    ...options,
  }
  return { world, servers, field, stop }
}

export async function played(scenario: Scenario, { world, field }: Staged): Promise<Result> {
  return world.run(scenario.run(field))
}

/** Both sides of a number. */
export function figureOf({ figures }: Result, id: string): Pick<Figure, 'gateway' | 'direct'> {
  const found = figures.find((figure) => figure.id === id)
  if (found === undefined) throw new Error(`There is no ${id} among ${figures.map((figure) => figure.id).join(', ')}.`)
  return found
}
