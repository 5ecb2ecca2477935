import { parentPort, workerData } from 'node:worker_threads'
import { simulate } from '../sim/run.ts'
import type { Simulation } from '../sim/simulation.ts'
import { type PackedSettings, unpackedSettings } from './packed.ts'
import { answerOf } from './roomy-thread.ts'

/** What is drawn from a workload and simulated, as far as it can be sent as it is. */
export type DrawnData = Pick<Simulation, 'seed' | 'requests' | 'workload' | 'grain' | 'fleet' | 'outages' | 'faults'>

export interface PackedDrawn extends DrawnData {
  readonly packed: PackedSettings | undefined
}

const { packed, ...data } = workerData as PackedDrawn
const drawn: Simulation = packed === undefined ? data : { ...data, settings: unpackedSettings(packed) }

parentPort!.postMessage(await answerOf(simulate(drawn)), [])
