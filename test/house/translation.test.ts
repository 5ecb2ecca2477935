import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../../scripts/import-graph.ts'
import { rowsFor, talks, withTables } from '../../scripts/translation-table.ts'

test('the table of what is lost in translation is what the code does', () => {
  const page = readFileSync(join(root, 'docs/guide/translation.md'), 'utf8')
  assert.equal(page, withTables(page), 'npm run translation')
})

test('every dialect has its fields in the table, and each of them has its fate in every other', () => {
  for (const dialect of talks) {
    const rows = rowsFor(dialect)
    assert.ok(rows.length >= 20, dialect.id)
    for (const { field, fates } of rows) assert.equal(fates.size, talks.length - 1, field)
  }
})
