/**
 * A slice of the fault matrix, chosen by a seed that is printed; `npm run nightly -- faults` runs all of it. A cell that fails
 * runs alone as `node test/faults/run.ts CELL`.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { watched } from './batch.ts'
import { type Cell, allCells, cellCalled } from './cells.ts'
import { runMatrix, shuffled } from './matrix.ts'
import { onceRed } from './once-red.ts'

const seed = Number(process.env['FAULT_SEED'] ?? 20_261_121)
const count = 700

const told = (findings: Awaited<ReturnType<typeof runMatrix>>): string =>
  findings.map(({ cell, wrong }) => `${cell}: ${wrong}`).join('\n')

async function run(cells: readonly Cell[]): Promise<void> {
  const findings = await watched(() => runMatrix({ cells }))
  assert.equal(
    findings.length,
    0,
    `${findings.length} of ${cells.length} cells failed, seed ${seed}:\n${told(findings)}`,
  )
}

suite('Whatever servers do, callers hear the truth', () => {
  test('there are more than 4,000 cells, each with a name of its own under which it is found', () => {
    const cells = allCells()
    assert.ok(cells.length > 4_000, `${cells.length}`)
    assert.equal(new Set(cells.map(({ name }) => name)).size, cells.length)
    for (const cell of cells) assert.deepEqual(cellCalled(cell.name), cell)
  })

  test('in every cell that has been red once', () => run(onceRed.map(cellCalled)))

  test(`in ${count} cells of the matrix`, { timeout: 120_000 }, async (t) => {
    t.diagnostic(`seed ${seed}`)
    await run(shuffled(allCells(), seed).slice(0, count))
  })
})
