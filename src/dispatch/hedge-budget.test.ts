import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HedgeBudget } from './hedge-budget.ts'

test('at no moment have more than the share of all asks had a second server', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 200, maxLength: 2_000 }),
      fc.constantFrom(0, 0.005, 0.02),
      (late, share) => {
        const budget = new HedgeBudget(share)
        let hedges = 0
        for (const [at, isLate] of late.entries()) {
          budget.earn()
          if (isLate && budget.affords) {
            budget.spend()
            hedges += 1
          }
          if (hedges > share * (at + 1) + 1e-9) return false
        }
        return true
      },
    ),
  )
})

test('what is saved up in a long calm is no more than ten', () => {
  const budget = new HedgeBudget(0.02)
  for (let ask = 0; ask < 100_000; ask += 1) budget.earn()
  let hedges = 0
  for (; budget.affords; hedges += 1) budget.spend()
  assert.equal(hedges, 10)
})
