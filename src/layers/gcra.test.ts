import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Bucket, burstOf, type Hold } from './gcra.ts'

const minuteMs = 60_000
/** As it is written down in the histories below. */
interface Step {
  readonly afterMs: number
  readonly amount: number
  readonly end: number
  readonly used: number
}

const perMinutes = fc.integer({ min: 1, max: 5_000 })
const steps = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 200_000 })),
    amount: fc.integer({ min: 1, max: 2_000 }),
    /** Which of those open ends first, in hundredths, and what of its own it used. */
    end: fc.integer({ min: 0, max: 99 }),
    used: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { maxLength: 60 },
)

/** What was let in, when, and in the end for how much. */
function run(
  perMinute: number,
  history: readonly Step[],
  burstMs?: number,
): { bucket: Bucket; now: number; taken: [number, number][] } {
  const bucket = new Bucket()
  const taken: [number, number][] = []
  const open: { hold: Hold; at: number; amount: number }[] = []
  let now = 1_000
  for (const { afterMs, amount, end, used } of history) {
    now += afterMs
    if (end < 60 && open.length > 0) {
      const [ended] = open.splice(end % open.length, 1)
      const really = ended!.amount * used
      bucket.settle(ended!.hold, really, now)
      taken[ended!.at]![1] = really
    }
    if (bucket.waitMs(amount, perMinute, now, burstMs) > 0) continue
    open.push({ hold: bucket.take(amount, perMinute, now), at: taken.length, amount })
    taken.push([now, amount])
  }
  return { bucket, now, taken }
}

test('over any span no more is let in than a minute’s worth and what flows back, whatever is given back', () => {
  fc.assert(
    fc.property(perMinutes, steps, (perMinute, history) => {
      const { taken } = run(perMinute, history)
      for (let from = 0; from < taken.length; from += 1) {
        let sum = 0
        for (let to = from; to < taken.length; to += 1) {
          sum += taken[to]![1]
          const spanMs = taken[to]![0] - taken[from]![0]
          assert.ok(sum <= perMinute * (1 + spanMs / minuteMs) + 1e-3 * perMinute, `${sum} in ${spanMs} ms`)
        }
      }
    }),
  )
})

test('over any span no more is let in than the burst, or what is larger by itself, and what flows back', () => {
  fc.assert(
    fc.property(perMinutes, steps, fc.integer({ min: 1, max: 300_000 }), (perMinute, history, burstMs) => {
      const { taken } = run(perMinute, history, burstMs)
      for (let from = 0; from < taken.length; from += 1) {
        let sum = 0
        let largest = 0
        for (let to = from; to < taken.length; to += 1) {
          const [at, amount] = taken[to]!
          sum += amount
          largest = Math.max(largest, amount)
          const flowed = (perMinute * (at - taken[from]![0])) / minuteMs
          const atOnce = Math.max((perMinute * burstMs) / minuteMs, largest)
          assert.ok(sum <= atOnce + flowed + 1e-3 * perMinute, `${sum} in ${at - taken[from]![0]} ms`)
        }
      }
    }),
  )
})

test('a burst is the most at once; what is larger waits until all has flowed back, and one always gets in', () => {
  const bucket = new Bucket()
  assert.deepEqual([burstOf(60, 10_000), burstOf(6, 1_000), burstOf(60), burstOf(60, 300_000)], [10, 1, 60, 300])
  assert.equal(bucket.remaining(60, 0, 10_000), 10)
  assert.equal(new Bucket().remaining(6, 0, 1_000), 1)
  bucket.spend(10, 60, 0)
  assert.deepEqual([bucket.remaining(60, 0, 10_000), bucket.waitMs(1, 60, 0, 10_000)], [0, 1_000])
  assert.deepEqual([bucket.waitMs(30, 60, 0, 10_000), bucket.waitMs(30, 60, 10_000, 10_000)], [10_000, 0])
  assert.equal(bucket.waitMs(61, 60, 0, 10_000), Infinity)
  assert.equal(new Bucket().waitMs(120, 60, 0, 300_000), 0)
})

test('what is given back leaves the bucket as if it had never been taken', () => {
  fc.assert(
    fc.property(perMinutes, steps, (perMinute, history) => {
      const { bucket, now, taken } = run(perMinute, history)
      const clean = new Bucket()
      for (const [at, amount] of taken) clean.spend(amount, perMinute, at)
      assert.ok(Math.abs(bucket.resetMs(now) - clean.resetMs(now)) < 1e-3)
    }),
  )
})

test('whoever comes back after the time that was named is let in, and a moment before is not', () => {
  fc.assert(
    fc.property(perMinutes, steps, fc.integer({ min: 1, max: 5_000 }), (perMinute, history, wish) => {
      const { bucket, now } = run(perMinute, history)
      const amount = Math.min(wish, perMinute)
      const waitMs = bucket.waitMs(amount, perMinute, now)
      if (waitMs > 1) assert.ok(bucket.waitMs(amount, perMinute, now + waitMs - 1) > 0)
      assert.equal(bucket.waitMs(amount, perMinute, now + waitMs), 0)
    }),
  )
})

test('settling corrects both ways: what was not used comes back, what was used beyond is owed', () => {
  const bucket = new Bucket()
  const less = bucket.take(60, 100, 0)
  assert.equal(bucket.remaining(100, 0), 40)
  bucket.settle(less, 10, 0)
  assert.equal(bucket.remaining(100, 0), 90)
  const more = bucket.take(10, 100, 0)
  bucket.settle(more, 180, 0)
  assert.equal(bucket.remaining(100, 0), 0)
  // 190 are used: 90 are owed, and one more has to flow back.
  assert.equal(bucket.waitMs(1, 100, 0), (91 / 100) * minuteMs)
  bucket.settle(more, 0, 0)
  assert.equal(bucket.waitMs(1, 100, 0), (91 / 100) * minuteMs, 'it was settled once')
})

test('a late return into a bucket that was full again meanwhile is worth nothing', () => {
  const bucket = new Bucket()
  const slow = bucket.take(100, 100, 0)
  bucket.spend(100, 100, 2 * minuteMs)
  bucket.settle(slow, 0, 2 * minuteMs)
  assert.equal(bucket.remaining(100, 2 * minuteMs), 0)
})

test('a clock that jumps is harmless: back takes nothing away, forth gives a minute’s worth at most', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), fc.integer({ min: 1, max: 100 }), (jumpMs, amount) => {
      const bucket = new Bucket()
      const hold = bucket.take(amount, 100, 1_000)
      const before = bucket.waitMs(100, 100, 1_000)
      const after = bucket.waitMs(100, 100, 1_000 + jumpMs)
      assert.ok(after <= before + 1 && after >= before - Math.max(0, jumpMs) - 1, `${before} became ${after}`)
      assert.ok(bucket.remaining(100, 1_000 + jumpMs) <= 100)
      bucket.settle(hold, 0, 1_000 + jumpMs)
      assert.equal(bucket.remaining(100, 1_000 + jumpMs), 100)
    }),
  )
})

test('more than a minute’s worth can never be taken at once', () => {
  assert.equal(new Bucket().waitMs(101, 100, 0), Infinity)
})
