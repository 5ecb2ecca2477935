import type { Outbound, World } from '../../src/core/world.ts'
import { bodyFor } from '../../src/sim/bodies.ts'
import type { Errand } from '../../src/sim/workload.ts'
import type { Scenario } from './scenario.ts'
import { type Heard, listen, refused, saysToComeBack, type Visit } from './trip.ts'

/** Where arms play: the same in virtual time and on sockets. */
export interface Stage {
  readonly scenario: Scenario
  readonly world: World
  /** The servers at home, and the cloud if there is one. */
  readonly homes: readonly Spot[]
  readonly cloud: Spot | undefined
}

/** A server, as callers reach it. */
export interface Spot {
  readonly name: string
  readonly origin: string
  /** The caller's model → the server's. */
  readonly serve: Readonly<Record<string, string>> | undefined
  /** What a caller sends along. */
  readonly headers: (errand: Errand) => Outbound['headers']
}

/** A way from callers to servers. */
export type Arm = (stage: Stage) => Visit | Promise<Visit>

export interface Listening {
  /** Fires when the caller hangs up. */
  readonly signal?: AbortSignal
  readonly onFirstToken?: () => void
}

/** Asks one server, without anything between. Rejects when there is no answer at all. */
export async function ask(
  { world }: Stage,
  { name, origin, serve, headers }: Spot,
  errand: Errand,
  { signal, onFirstToken }: Listening = {},
): Promise<Heard> {
  const model = serve?.[errand.model] ?? errand.model
  const inbound = await world.send({
    method: 'POST',
    origin,
    path: '/v1/chat/completions',
    headers: [['content-type', 'application/json'], ...headers(errand)],
    body: Buffer.from(JSON.stringify(bodyFor({ ...errand, model }))),
    signal,
  })
  if (inbound.status !== 200) {
    for await (const _ of inbound.body);
    return saysToComeBack(inbound.status) ? refused : { ...refused, ending: 'broken' }
  }
  let firstTokenAt: number | undefined
  const ending = await listen(inbound.body, () => {
    firstTokenAt = world.now()
    onFirstToken?.()
  })
  return { ending, server: inbound.headers['x-spillway-upstream'] ?? name, firstTokenAt }
}

export const askCloud = (stage: Stage, errand: Errand): Promise<Heard> =>
  stage.cloud === undefined ? Promise.resolve(refused) : ask(stage, stage.cloud, errand)
