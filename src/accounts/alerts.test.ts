import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BudgetStanding } from '../core/budget.ts'
import type { Event } from '../core/event.ts'
import type { Notes } from '../core/notes.ts'
import { Alerts } from './alerts.ts'
import { MemoryNotes } from './memory-notes.ts'

const day = 86_400_000
const from = Date.UTC(2026, 0, 1)

const standing = (spent: number, over: Partial<BudgetStanding> = {}): BudgetStanding => ({
  account: 'caller:chat-ui/day',
  counted: 'nano',
  limit: 5_000_000_000,
  spent,
  held: 0,
  from,
  until: from + day,
  alertAt: [0.5, 0.8, 1],
  ...over,
})

function watched(notes: Pick<Notes, 'post'> = new MemoryNotes(), now: () => number = () => from + 1) {
  const events: Event[] = []
  const parts = { world: { epochMs: now }, emit: (event: Event) => void events.push(event), notes }
  const alerts = new Alerts({ ...parts, isAddressed: () => true })
  const shares = (): number[] => events.flatMap((event) => (event.type === 'budget-reached' ? [event.share] : []))
  return { alerts, shares, events }
}

test('each share of a budget is told once, in the order in which they are reached', async () => {
  const { alerts, shares } = watched()
  for (const spent of [0, 2.4e9, 2.5e9, 2.6e9, 4.1e9, 4.2e9, 5e9, 5e9]) await alerts.look([standing(spent)])
  assert.deepEqual(shares(), [0.5, 0.8, 1])
})

test('money that is only set aside reaches nothing', async () => {
  const { alerts, shares } = watched()
  await alerts.look([standing(0, { held: 5e9 })])
  assert.deepEqual(shares(), [])
})

test('one look that finds all shares reached tells all of them', async () => {
  const { alerts, shares } = watched()
  await alerts.look([standing(6e9)])
  assert.deepEqual(shares(), [0.5, 0.8, 1])
})

test('what was told is not told again after a restart, nor by another gateway', async () => {
  const notes = new MemoryNotes()
  const [one, other] = [watched(notes), watched(notes)]
  await Promise.all([one.alerts.look([standing(3e9)]), other.alerts.look([standing(3e9)])])
  const restarted = watched(notes)
  await restarted.alerts.look([standing(3e9)])
  assert.deepEqual([...one.shares(), ...other.shares(), ...restarted.shares()], [0.5])
})

test('the next span, another account and a limit that was raised have alerts of their own', async () => {
  const { alerts, shares } = watched()
  await alerts.look([standing(2.5e9)])
  await alerts.look([standing(2.5e9, { from: from + day, until: from + 2 * day })])
  await alerts.look([standing(2.5e9, { account: 'gateway/day' })])
  await alerts.look([standing(4e9, { limit: 8e9 })])
  assert.deepEqual(shares(), [0.5, 0.5, 0.5, 0.5])
})

test('a budget of nothing is never reached', async () => {
  const { alerts, shares } = watched()
  await alerts.look([standing(0, { limit: 0 })])
  assert.deepEqual(shares(), [])
})

test('what could not be taken down is told when it can be', async () => {
  const notes = new MemoryNotes()
  let isGone = true
  const { alerts, shares } = watched({
    post: (...given) => (isGone ? Promise.reject(new Error('no room')) : notes.post(...given)),
  })
  await assert.rejects(alerts.look([standing(3e9)]), /no room/)
  assert.deepEqual(shares(), [])
  isGone = false
  await alerts.look([standing(3e9)])
  assert.deepEqual(shares(), [0.5])
})

test('a clock that is set back in the middle of a span tells nothing twice', async () => {
  let now = from + day - 1
  const { alerts, shares } = watched(new MemoryNotes(), () => now)
  await alerts.look([standing(3e9)])
  now = from + 1
  await alerts.look([standing(3e9)])
  assert.deepEqual(shares(), [0.5])
})
