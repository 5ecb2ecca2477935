import { Engine } from '../../sim/engine.ts'
import type { EngineSpec } from '../../sim/engine-spec.ts'
import { emptyLedger } from '../../sim/ledger.ts'
import { SimWorld } from '../../sim/world.ts'
import type { Stay } from './stays.ts'

/** How a stay goes on a simulated machine, both from when it is sent. */
export interface Rehearsed {
  readonly firstMs: number
  readonly totalMs: number
}

export interface Rehearsal {
  readonly engine: EngineSpec
  readonly networkMs: number
}

/** In memory from the start, and all of them together: how models come and go is not rehearsed. */
const model = 'any'

/** So many times as long as it took: a machine that is tried may be far too slow. */
const lengthsMost = 3

/** Who was waiting for a place was sent at once when another had ended: no later than that. */
const atOnceMs = 20

/**
 * The same requests on a machine with these numbers: at the moments at which they were sent, or, where one was sent since another
 * had ended, when that one ends now. Undefined for those that are not brought to an end.
 */
export async function rehearse(
  stays: readonly Stay[],
  { engine: spec, networkMs }: Rehearsal,
): Promise<readonly (Rehearsed | undefined)[]> {
  const world = new SimWorld(0)
  const engine = new Engine({ ...spec, memoryTokens: Infinity, cacheBlocks: 0 }, world, emptyLedger(), 'coarse')
  engine.warm(model)
  const rehearsed: (Rehearsed | undefined)[] = stays.map(() => undefined)
  const { byClock, next } = orderOf(stays)
  const all = Promise.withResolvers<void>()
  let left = stays.length
  const send = async (index: number): Promise<void> => {
    const stay = stays[index]!
    const sentAt = world.now()
    if (networkMs > 0) await world.sleep(networkMs)
    const over = (): void => {
      const following = next[index]
      if (following !== undefined) void send(following)
      left -= 1
      if (left === 0) all.resolve()
    }
    const run = engine.submit({
      model,
      promptTokens: stay.readTokens,
      blocks: [],
      // Who left did so in the middle of whatever it was.
      outputTokens: stay.isWhole ? Math.max(stay.outputTokens, 1) : 1_000_000,
      isWhole: true,
      onToken() {},
      onEnd: (_, { firstTokenAt }) => {
        rehearsed[index] = { firstMs: firstTokenAt - sentAt, totalMs: world.now() - sentAt }
        over()
      },
    })
    if (stay.isWhole) return
    await world.sleep(stay.endAt - stay.sentAt - networkMs)
    engine.drop(run)
    over()
  }
  const sendAll = async (): Promise<void> => {
    for (const index of byClock) {
      const { sentAt } = stays[index]!
      if (sentAt > world.now()) await world.sleep(sentAt - world.now())
      void send(index)
    }
  }
  const endAt = stays.reduce((last, stay) => Math.max(last, stay.endAt), 0)
  void sendAll()
  await world.run(Promise.race([all.promise, world.sleep(endAt * lengthsMost)]))
  return rehearsed
}

interface Order {
  readonly byClock: readonly number[]
  readonly next: readonly (number | undefined)[]
}

/** Those that are sent by the clock, and whom the end of another one sends. */
function orderOf(stays: readonly Stay[]): Order {
  const ends = stays.map(({ endAt }, index) => ({ endAt, index })).sort((one, other) => one.endAt - other.endAt)
  const next: (number | undefined)[] = stays.map(() => undefined)
  const byClock: number[] = []
  let at = 0
  for (const [index, { sentAt, hasWaited }] of stays.entries()) {
    while (at < ends.length && ends[at]!.endAt < sentAt - atOnceMs) at += 1
    const end = ends[at]
    // Of two that are of no length, neither waits for the other.
    if (!hasWaited || end === undefined || end.endAt > sentAt + 1 || end.index >= index) byClock.push(index)
    else {
      next[end.index] = index
      at += 1
    }
  }
  return { byClock, next }
}
