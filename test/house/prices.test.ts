import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../../scripts/import-graph.ts'
import { priceList } from '../../scripts/price-list.ts'

test('the prices in the repository are those of the package that they are taken from', () => {
  assert.equal(readFileSync(join(root, 'src/accounts/price-list.json'), 'utf8'), priceList(), 'Run: npm run prices')
})
