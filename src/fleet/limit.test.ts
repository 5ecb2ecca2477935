import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { busy, crowding } from './crowd.test-helper.ts'
import { type Ending, Limit, type Told } from './limit.ts'

const told = (more: Partial<Told>): Told => ({ running: 0, waiting: 0, ours: 0, now: 0, ...more })

/** The same is told so many times, a second apart. */
function tell(limit: Limit, of: Partial<Told>, times: number): void {
  for (let at = 0; at < times; at += 1) limit.told(told({ ...of, now: at * 1_000 }))
}

const endings = fc.constantFrom<Ending>('served', 'overloaded', 'broke', 'ignored')
const count = fc.integer({ min: 0, max: 300 })
const happenings = fc.array(
  fc.oneof(
    fc.record({ ending: endings, inFlight: fc.integer({ min: 1, max: 300 }), tookMs: fc.integer({ max: 9_999 }) }),
    fc.record({ running: count, waiting: count, ours: count, memory: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ slots: fc.integer({ min: 1, max: 5_000 }) }),
    fc.constant('no gauge' as const),
  ),
  { maxLength: 200 },
)

type Happening = NonNullable<Parameters<typeof happen>[1]>

function happen(
  limit: Limit,
  what: typeof happenings extends fc.Arbitrary<(infer One)[]> ? One : never,
  now: number,
): void {
  if (what === 'no gauge') limit.told(undefined)
  else if ('slots' in what) limit.fit(what.slots)
  else if ('ending' in what) {
    const { ending, inFlight, tookMs } = what
    limit.begun(100, now)
    const ended = crowding({ inFlight, totalMs: 10_000, firstTokenMs: tookMs, now })
    limit.spoke(ended, now)
    limit.learn(ending, ended)
  } else limit.told(told({ ...what, now }))
}

test('a fixed limit stays what it is, whatever happens', () => {
  fc.assert(
    fc.property(happenings, (all: readonly Happening[]) => {
      const limit = new Limit(3, 8)
      for (const [at, one] of all.entries()) {
        happen(limit, one, at * 700)
        assert.equal(limit.value, 3)
      }
    }),
  )
})

test('it never leaves its bounds, nor goes beyond the slots a server has', () => {
  fc.assert(
    fc.property(happenings, fc.integer({ min: 1, max: 500 }), (all: readonly Happening[], initial) => {
      const limit = new Limit('auto', initial)
      let most = 256
      for (const [at, one] of all.entries()) {
        if (one !== 'no gauge' && 'slots' in one) most = Math.min(256, one.slots)
        happen(limit, one, at * 700)
        assert.ok(limit.value >= 1 && limit.value <= most, `${limit.value} of ${most}`)
      }
    }),
  )
})

test('a crash and a caller who hung up say nothing about how many fit', () => {
  const limit = new Limit('auto', 8)
  for (let now = 1_000; now < 60_000; now += 100) {
    limit.learn('broke', crowding({ inFlight: 8, firstTokenMs: 900, now }))
    limit.learn('ignored', crowding({ inFlight: 8, firstTokenMs: undefined, now }))
  }
  assert.equal(limit.value, 8)
})

test('it does not grow on answers of a server that has room to spare', () => {
  const limit = new Limit('auto', 8)
  for (let now = 1_000; now < 100_000; now += 1_000) limit.learn('served', crowding({ inFlight: 2, now }))
  assert.equal(limit.value, 8)
})

test('all who were refused together cost one cut', () => {
  const limit = new Limit('auto', 16)
  const refuse = (startedAt: number, now: number): void =>
    limit.learn('overloaded', crowding({ inFlight: 16, startedAt, now }))
  refuse(0, 100)
  const afterOne = limit.value
  assert.ok(afterOne < 16)
  for (let at = 0; at < 15; at += 1) refuse(at, 101 + at)
  assert.equal(limit.value, afterOne)
  refuse(120, 130)
  assert.ok(limit.value < afterOne)
})

for (const slots of [1, 4, 16]) {
  for (const start of [1, 4, 8, 32]) {
    test(`of a server of ${slots} that tells nothing it finds them within 30 s, beginning with ${start}`, () => {
      const seen = busy(new Limit('auto', start), { slots }, 0, 90_000).slice(30)
      const wrong = seen.filter((limit) => Math.abs(limit - slots) > Math.max(1, slots / 4))
      assert.ok(wrong.length <= 3, `it was ${seen.join(' ')}`)
    })
  }
}

test('a machine that works at half its speed for two minutes keeps its limit, then and afterwards', () => {
  const slowness = (now: number): number => (now > 60_000 && now < 180_000 ? 2 : 1)
  const seen = busy(new Limit('auto', 4), { slots: 4, slowness }, 0, 300_000).slice(60)
  assert.ok(Math.min(...seen) >= 3 && Math.max(...seen) <= 6, `it was ${seen.join(' ')}`)
})

test('a stall lets nobody by, so it is not taken for a crowd', () => {
  const slowness = (now: number): number => (now > 60_000 && now < 64_000 ? 1_000 : 1)
  const seen = busy(new Limit('auto', 4), { slots: 4, slowness }, 0, 120_000).slice(55)
  assert.ok(Math.min(...seen) >= 4, `it was ${seen.join(' ')}`)
})

test('where more at once only take from each other it does not grow', () => {
  const shared = busy(new Limit('auto', 2), { slots: 1_000, tokenMs: (atOnce) => 20 * atOnce, readMs: 5 }, 0, 120_000)
  const batched = busy(new Limit('auto', 2), { slots: 1_000, tokenMs: (atOnce) => 20 + atOnce, readMs: 5 }, 0, 120_000)
  assert.ok(shared.at(-1)! <= 8, `it is ${shared.at(-1)}`)
  assert.ok(batched.at(-1)! >= 32, `it is ${batched.at(-1)}`)
})

test('the slots that a server has are where it begins, and where it ends', () => {
  const limit = new Limit('auto', 2)
  limit.fit(6)
  assert.equal(limit.value, 6)
  busy(limit, { slots: 100 }, 0, 30_000)
  assert.equal(limit.value, 6)
  limit.fit(3)
  assert.equal(limit.value, 3, 'it was started anew with fewer')
})

test('a server that names thousands of slots is not given so many at once', () => {
  const limit = new Limit('auto', 16)
  limit.fit(4_096)
  assert.equal(limit.value, 32)
})

test('where some wait inside, it is cut to those that run, whoever they are', () => {
  const limit = new Limit('auto', 40)
  tell(limit, { running: 16, waiting: 24, ours: 40 }, 3)
  assert.equal(limit.value, 16)
})

test('one who waits at the moment it is looked at is not a crowd', () => {
  const limit = new Limit('auto', 8)
  tell(limit, { running: 7, waiting: 1, ours: 8 }, 1)
  assert.equal(limit.value, 8)
})

test('it grows when all places are taken and nobody waits inside, unless the memory is full', () => {
  const [roomy, full, idle] = [new Limit('auto', 4), new Limit('auto', 4), new Limit('auto', 4)]
  tell(roomy, { running: 4, ours: 4 }, 1)
  tell(full, { running: 4, ours: 4, memory: 0.97 }, 5)
  tell(idle, { running: 1, ours: 1 }, 5)
  assert.deepEqual([roomy.value, full.value, idle.value], [6, 4, 4])
})

test('the places that others have taken are not ours, but for one', () => {
  const limit = new Limit('auto', 8)
  limit.told(told({ running: 6, ours: 3 }))
  assert.deepEqual([limit.foreign, limit.value], [3, 5])
  limit.told(told({ running: 8, waiting: 4, ours: 0 }))
  assert.deepEqual([limit.foreign, limit.value], [12, 1])
  limit.told(told({ running: 2, ours: 2 }))
  assert.deepEqual([limit.foreign, limit.value], [0, 8])
})

test('a gauge that is gone takes the others with it', () => {
  const limit = new Limit('auto', 8)
  limit.told(told({ running: 6 }))
  limit.told(undefined)
  assert.deepEqual([limit.foreign, limit.value], [0, 8])
})

test('after a cut one more place is tried now and then, and given up when it is one too many', () => {
  const limit = new Limit('auto', 8)
  const seen: number[] = []
  // Four fit; beyond that they wait inside.
  for (let now = 0; now < 120_000; now += 1_000) {
    const ours = limit.value
    limit.told(told({ running: Math.min(4, ours), waiting: Math.max(0, ours - 4), ours, now }))
    seen.push(limit.value)
  }
  const later = seen.slice(20)
  assert.ok(later.includes(5) && Math.max(...later) === 5, `it was ${seen.join(' ')}`)
  assert.ok(later.filter((value) => value === 4).length > later.length * 0.7, `it was ${seen.join(' ')}`)
})

test('those who were alone do not hide that one who was sent beside another stood in line', () => {
  const limit = new Limit('auto', 2)
  limit.learn('overloaded', crowding({ inFlight: 2, startedAt: 1 }))
  let now = 0
  let most = 0
  // Few come at once: three of four find nobody there.
  for (let turn = 0; turn < 400; turn += 1) {
    const together = turn % 4 === 0 && limit.value > 1
    const startedAt = (now += 5_000)
    limit.begun(200, startedAt)
    if (together) limit.begun(200, startedAt)
    limit.spoke(crowding({ startedAt }), startedAt + 100)
    limit.learn('served', crowding({ startedAt, now: (now += 4_000), totalMs: 4_000 }))
    if (together) {
      const second = crowding({ inFlight: 2, startedAt, firstTokenMs: 4_100, totalMs: 8_000, now: now + 4_000 })
      limit.spoke(second, now + 100)
      limit.learn('served', second)
      now += 4_000
    }
    if (turn >= 100) most = Math.max(most, limit.sure)
  }
  assert.equal(most, 1)
})

test('a line is seen when the first token of one who stood there comes, not when its answer is over', () => {
  const limit = new Limit('auto', 8)
  const alone = (startedAt: number): void => {
    limit.spoke(crowding({ startedAt }), startedAt + 100)
    limit.learn('served', crowding({ startedAt, now: startedAt + 10_000, totalMs: 10_000 }))
  }
  for (const at of [-30_000, -15_000]) alone(at)
  // Three come together to a server that serves one after the other, ten seconds each.
  for (const [at, inFlight] of [1, 2, 3].entries()) {
    limit.spoke(crowding({ startedAt: 0, inFlight }), at * 10_000 + 100)
    if (at < 2) limit.learn('served', crowding({ startedAt: 0, inFlight, now: (at + 1) * 10_000, totalMs: 10_000 }))
  }
  assert.equal(limit.value, 1)
})

test('a load that one waited for is no line', () => {
  const limit = new Limit('auto', 8)
  for (let now = 0; now < 60_000; now += 1_000) {
    limit.learn('served', crowding({ now }))
    limit.spoke(crowding({ inFlight: 8, startedAt: now - 5_000, cold: true }), now)
  }
  assert.equal(limit.value, 8)
})

test('a crowd that comes after a quiet time is cut to those that were served in it', () => {
  const limit = new Limit('auto', 16)
  for (let startedAt = 0; startedAt < 60_000; startedAt += 2_000) {
    limit.spoke(crowding({ startedAt, inFlight: 2 }), startedAt + 100)
    limit.learn('served', crowding({ startedAt, inFlight: 2, now: startedAt + 1_000 }))
  }
  // Four fit, of whom one ends every second: seven come at once.
  const startedAt = 100_000
  for (let number = 1; number <= 7; number += 1) {
    const beginsAt = startedAt + Math.max(0, number - 4) * 1_000
    if (number > 4) limit.learn('served', crowding({ startedAt, inFlight: number - 4, now: beginsAt }))
    limit.spoke(crowding({ startedAt, inFlight: number }), beginsAt + 100)
  }
  assert.equal(limit.value, 4)
})
