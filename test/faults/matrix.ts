import { chanceOf } from '../../src/sim/chance.ts'
import { type Finding, runBatch } from './batch.ts'
import type { Cell } from './cells.ts'

export interface Campaign {
  readonly cells: readonly Cell[]
  /** Told after each batch. */
  readonly onBatch?: (done: number, findings: readonly Finding[]) => void
}

/** So many at once before one gateway. Those that wait for a deadline do nothing else. */
const batchOf = 60
const slowBatchOf = 240
/** Gateways at once: in most batches some wait for a server that is busy. */
const lanesOf = 4

/** Runs all of them; those that wait for deadlines together and beside the others, since they wait as long alone. */
export async function runMatrix({ cells, onBatch }: Campaign): Promise<Finding[]> {
  const findings: Finding[] = []
  let done = 0
  const runAll = async (batches: (readonly Cell[])[]): Promise<void> => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      const found = await runBatch(batch)
      findings.push(...found)
      done += batch.length
      onBatch?.(done, found)
    }
  }
  const slow = cells.filter(({ fault }) => fault.slow === true)
  const fast = cells.filter(({ fault }) => fault.slow !== true)
  const fastBatches = batchesOf(fast, batchOf)
  const lanes = Array.from({ length: lanesOf }, () => runAll(fastBatches))
  await Promise.all([runAll(batchesOf(slow, slowBatchOf)), ...lanes])
  return findings
}

const batchesOf = (cells: readonly Cell[], size: number): (readonly Cell[])[] =>
  Array.from({ length: Math.ceil(cells.length / size) }, (_, at) => cells.slice(at * size, (at + 1) * size))

/** Cells in an order that the seed decides. */
export function shuffled(cells: readonly Cell[], seed: number): Cell[] {
  const chance = chanceOf(seed, 'matrix')
  const all = [...cells]
  for (let at = all.length - 1; at > 0; at -= 1) {
    const other = Math.floor(chance() * (at + 1))
    const held = all[at]!
    all[at] = all[other]!
    all[other] = held
  }
  return all
}
