/**
 * The fault matrix: all of it, a part of it that a seed chooses, or single cells by their names.
 *
 *     node test/faults/run.ts                                        all cells
 *     node test/faults/run.ts 1000 7                                 a thousand, chosen by the seed 7
 *     node test/faults/run.ts 'rst@mid/openai>ollama/stream/alone'   one
 */
import { watched } from './batch.ts'
import { allCells, cellCalled } from './cells.ts'
import { runMatrix, shuffled } from './matrix.ts'

const [first = 'all', second = '1'] = process.argv.slice(2)
const count = Number(first)
const cells =
  first === 'all'
    ? shuffled(allCells(), Number(second))
    : Number.isNaN(count)
      ? process.argv.slice(2).flatMap((name) => wanted(name))
      : shuffled(allCells(), Number(second)).slice(0, count)

/** A name may be part of many. */
function wanted(name: string): ReturnType<typeof allCells> {
  return name.includes('/') && name.split('/').length === 4
    ? [cellCalled(name)]
    : allCells().filter((cell) => cell.name.includes(name))
}

const startedAt = performance.now()
const findings = await watched(() =>
  runMatrix({
    cells,
    onBatch: (done, found) => {
      for (const { cell, wrong } of found) process.stdout.write(`${cell}: ${wrong}\n`)
      process.stdout.write(`${done} of ${cells.length}, ${((performance.now() - startedAt) / 1_000).toFixed(1)} s\n`)
    },
  }),
)
process.stdout.write(`${cells.length - findings.length} passed, ${findings.length} failed\n`)
process.exitCode = findings.length === 0 ? 0 : 1
