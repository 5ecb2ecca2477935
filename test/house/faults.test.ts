import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../../scripts/import-graph.ts'

const rows = readFileSync(join(root, 'docs/faults.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| fault'))

test('every fault on the page has a test that is there', () => {
  assert.ok(rows.length > 50)
  for (const row of rows) {
    const cells = row.split('|').slice(1, -1)
    assert.equal(cells.length, 3, row)
    const files = Array.from(cells[2]!.matchAll(/`([^`]+\.test\.ts)`/g), ([, file]) => file!)
    assert.ok(files.length > 0, `no test: ${row}`)
    for (const file of files) assert.ok(existsSync(join(root, file)), `${file} is not there: ${row}`)
  }
})
