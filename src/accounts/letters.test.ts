import assert from 'node:assert/strict'
import { test } from 'node:test'
import { budgetLetter } from './letters.ts'

const standing = {
  account: 'team:research/month',
  counted: 'nano',
  limit: 20_000_000_000,
  spent: 16_000_000_001,
  held: 0,
  from: Date.UTC(2026, 0, 1),
  until: Date.UTC(2026, 1, 1),
  alertAt: [0.8],
} as const

test('a letter about a budget says whose it is, how much is spent of what, and when it begins anew', () => {
  const { id, body } = budgetLetter(standing, 0.8, Date.UTC(2026, 0, 20))
  assert.deepEqual(JSON.parse(body), {
    id,
    type: 'budget.reached',
    at: '2026-01-20T00:00:00.000Z',
    account: 'team:research/month',
    share: 0.8,
    unit: 'usd',
    spent: '16.000000001',
    limit: '20.00',
    resets_at: '2026-02-01T00:00:00.000Z',
    text: '80 % of the budget of team:research/month is used up: $16.000000001 of $20.00. It begins anew at 2026-02-01T00:00:00.000Z.',
  })
})

test('the same news has the same id whenever and wherever it is written, and other news another', () => {
  const id = budgetLetter(standing, 0.8, 1).id
  assert.equal(budgetLetter({ ...standing, spent: 17e9 }, 0.8, 2).id, id)
  const others = [
    budgetLetter(standing, 1, 1),
    budgetLetter({ ...standing, account: 'gateway/month' }, 0.8, 1),
    budgetLetter({ ...standing, from: standing.until }, 0.8, 1),
    budgetLetter({ ...standing, counted: 'tokens' }, 0.8, 1),
  ]
  assert.equal(new Set([id, ...others.map((other) => other.id)]).size, 5)
})
