import { parentPort, workerData } from 'node:worker_threads'
import type { RecordedUpstream } from '../recording/rows.ts'
import { handHere } from './hand.ts'
import { type PackedPlan, unpacked } from './packed.ts'
import type { PlayParts } from './play.ts'
import { answerOf } from './roomy-thread.ts'
import { type Origin, trafficOf } from './traffic.ts'

/** What a thread is asked for; of what all orders have in common it has its own. */
export type Order =
  | { readonly type: 'play'; readonly plan: PackedPlan; readonly parts: Omit<PlayParts, 'traffic'> }
  | { readonly type: 'fit'; readonly upstream: RecordedUpstream }

const origin = workerData as Origin
const traffic = trafficOf(origin)
const hand = handHere(origin)

parentPort!.on('message', (order: Order) => void obey(order))

async function obey(order: Order): Promise<void> {
  parentPort!.postMessage(await answerOf(done(order)), [])
}

function done(order: Order): Promise<unknown> {
  if (order.type === 'fit') return hand.fit(order.upstream)
  return hand.play(unpacked(order.plan), { ...order.parts, traffic })
}
