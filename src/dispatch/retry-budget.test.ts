import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeWorld } from '../fleet/fake-world.test-helper.ts'
import { RetryBudget } from './retry-budget.ts'

const never = new AbortController().signal

test('three may always be tried again, and of many a fifth', async () => {
  const world = new FakeWorld()
  for (const [underWay, most] of [
    [1, 3],
    [15, 3],
    [100, 20],
  ] as const) {
    const budget = new RetryBudget(0.2, () => underWay)
    for (let i = 0; i < most; i += 1) assert.equal(await budget.take(world, 0, never), true)
    assert.equal(await budget.take(world, 0, never), false)
  }
})

test('who finds it spent waits, the longest first, and has it when another gives it back', async () => {
  const world = new FakeWorld()
  const budget = new RetryBudget(0, () => 0)
  for (let i = 0; i < 3; i += 1) await budget.take(world, 0, never)
  const had: string[] = []
  for (const name of ['first', 'second']) void budget.take(world, 1_000, never).then((ok) => had.push(`${name} ${ok}`))
  await world.settle()
  assert.deepEqual(had, [])
  budget.giveBack()
  await world.settle()
  assert.deepEqual(had, ['first true'])
  await world.advance(1_000)
  assert.deepEqual(had, ['first true', 'second false'])
  // Nobody waits any more: what is given back is there for the next.
  budget.giveBack()
  assert.equal(await budget.take(world, 0, never), true)
  assert.equal(await budget.take(world, 0, never), false)
})

test('a caller who leaves while it waits takes nothing', async () => {
  const world = new FakeWorld()
  const budget = new RetryBudget(0, () => 0)
  for (let i = 0; i < 3; i += 1) await budget.take(world, 0, never)
  const caller = new AbortController()
  const waiting = budget.take(world, 1_000, caller.signal)
  caller.abort()
  assert.equal(await waiting, false)
  budget.giveBack()
  assert.equal(await budget.take(world, 0, never), true)
})
