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
    for (let i = 0; i < most; i += 1) assert.equal(await budget.take(world, 0, never), 'lent')
    assert.equal(await budget.take(world, 0, never), undefined)
  }
})

test('who finds it spent waits, the longest first, and has it when another gives it back', async () => {
  const world = new FakeWorld()
  const budget = new RetryBudget(0, () => 0)
  for (let i = 0; i < 3; i += 1) await budget.take(world, 0, never)
  const had: string[] = []
  for (const name of ['first', 'second'])
    void budget.take(world, 1_000, never).then((grant) => had.push(`${name} ${grant}`))
  await world.settle()
  assert.deepEqual(had, [])
  budget.giveBack()
  await world.settle()
  assert.deepEqual(had, ['first lent'])
  await world.advance(1_000)
  assert.deepEqual(had, ['first lent', 'second undefined'])
  // Nobody waits any more: what is given back is there for the next.
  budget.giveBack()
  assert.equal(await budget.take(world, 0, never), 'lent')
  assert.equal(await budget.take(world, 0, never), undefined)
})

test('a caller who leaves while it waits takes nothing', async () => {
  const world = new FakeWorld()
  const budget = new RetryBudget(0, () => 0)
  for (let i = 0; i < 3; i += 1) await budget.take(world, 0, never)
  const caller = new AbortController()
  const waiting = budget.take(world, 1_000, caller.signal)
  caller.abort()
  assert.equal(await waiting, undefined)
  budget.giveBack()
  assert.equal(await budget.take(world, 0, never), 'lent')
})

test('what was answered earns more of them, a hundred at most, and what is spent is gone', async () => {
  const world = new FakeWorld()
  const budget = new RetryBudget(0.2, () => 0)
  for (let i = 0; i < 3; i += 1) await budget.take(world, 0, never)
  for (let i = 0; i < 5; i += 1) budget.earn()
  assert.equal(await budget.take(world, 0, never), 'spent')
  assert.equal(await budget.take(world, 0, never), undefined)
  for (let i = 0; i < 1_000; i += 1) budget.earn()
  for (let i = 0; i < 100; i += 1) assert.equal(await budget.take(world, 0, never), 'spent')
  assert.equal(await budget.take(world, 0, never), undefined)
})

test('who waits has it as soon as enough others were answered', async () => {
  const world = new FakeWorld()
  const budget = new RetryBudget(0.5, () => 0)
  for (let i = 0; i < 3; i += 1) await budget.take(world, 0, never)
  const waiting = budget.take(world, 1_000, never)
  budget.earn()
  budget.earn()
  assert.equal(await waiting, 'spent')
})
