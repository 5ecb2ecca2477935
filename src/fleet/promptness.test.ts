import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Promptness } from './promptness.ts'

test('until a few have come nothing is too late', () => {
  const promptness = new Promptness()
  for (let i = 0; i < 29; i += 1) promptness.learn(100, 100)
  assert.equal(promptness.latestMs(100), undefined)
  promptness.learn(100, 100)
  assert.equal(promptness.latestMs(100), 100)
})

test('of a hundred one may be as late as it likes, and a long prompt twice as long as is thought, or by as much time as the others', () => {
  const promptness = new Promptness()
  for (let i = 0; i < 128; i += 1) promptness.learn(100, i === 60 ? 60_000 : 100 + i)
  assert.equal(promptness.latestMs(100), 227)
  assert.equal(promptness.latestMs(120), 120 + 127)
  assert.equal(promptness.latestMs(1_000), 2_000)
})

/** One that comes at a moment and is given up after so long, or speaks. */
const silent = (startedAt: number, totalMs: number) =>
  [{ startedAt, speaksAt: startedAt + 100 }, { firstTokenMs: undefined, totalMs }, 'failed'] as const
const speaks = (startedAt: number, firstTokenMs: number) =>
  [{ startedAt, speaksAt: startedAt + 100 }, { firstTokenMs, totalMs: 500 }, 'served'] as const

test('a hang is given up as soon the second time as the first, and later from then on as long as nothing is heard', () => {
  const promptness = learned(() => 100)
  promptness.ended(...silent(0, 125))
  assert.equal(promptness.latestMs(100), 100)
  promptness.ended(...silent(200, 125))
  assert.equal(promptness.latestMs(100), 140)
  promptness.ended(...silent(400, 175))
  assert.ok(Math.abs(promptness.latestMs(100)! - 196) < 0.001)
})

test('all who are silent together are one silence', () => {
  const promptness = learned(() => 100)
  for (let at = 0; at < 100; at += 10) promptness.ended(...silent(at, 125))
  assert.equal(promptness.latestMs(100), 100)
})

test('one that speaks as soon as ever shows that the others met a hang, which teaches no patience', () => {
  const promptness = learned(() => 100)
  for (let at = 0; at < 10_000; at += 1_000) promptness.ended(...silent(at, 900))
  assert.ok(promptness.latestMs(100)! > 1_000)
  promptness.ended(...speaks(20_000, 90))
  assert.equal(promptness.latestMs(100), 100)
})

test('one that speaks later than any shows that the server has become slower: it is waited for from then on', () => {
  const promptness = learned(() => 100, 128)
  for (let at = 0; at < 3_000; at += 1_000) promptness.ended(...silent(at, 300))
  promptness.ended(...speaks(5_000, 220))
  assert.ok(Math.abs(promptness.latestMs(100)! - 220) < 0.001)
})

test('what a server owed before it came back says nothing of it any more', () => {
  const promptness = learned(() => 100)
  for (let at = 0; at < 3_000; at += 1_000) promptness.ended(...silent(at, 300))
  promptness.returned()
  assert.equal(promptness.latestMs(100), 100)
})

test('one whose caller left early says nothing', () => {
  const promptness = learned(() => 100)
  for (let at = 0; at < 9_000; at += 1_000) {
    const [expected, seen] = silent(at, 90)
    promptness.ended(expected, seen, 'ignored')
  }
  assert.equal(promptness.latestMs(100), 100)
})

const learned = (tookMs: (at: number) => number, samples = 100): Promptness => {
  const promptness = new Promptness()
  for (let at = 0; at < samples; at += 1) promptness.learn(100, tookMs(at))
  return promptness
}

test('nothing is called late before enough has been seen', () => {
  assert.equal(learned(() => 100, 29).lateMs(100), undefined)
  assert.notEqual(learned(() => 100, 30).lateMs(100), undefined)
})

test('what is late grows with what was expected', () => {
  assert.equal(learned(() => 100).lateMs(2_000)! / learned(() => 100).lateMs(200)!, 10)
})

test('of those that spread like a bell, one in thirty to one in a hundred is late', () => {
  // The middle of each hundredth of a bell of logarithms, in an order without meaning.
  const spread = 0.5
  const tooks = Array.from({ length: 100 }, (_, at) => {
    const part = (((at * 37) % 100) + 0.5) / 100
    return 100 * Math.exp((spread / 1.702) * Math.log(part / (1 - part)))
  })
  const late = learned((at) => tooks[at]!).lateMs(100)!
  const beyond = tooks.filter((took) => took > late).length
  assert.ok(beyond >= 1 && beyond <= 4, `${beyond} of 100`)
})

test('a server that hangs now and then is not excused by its hangs', () => {
  assert.ok(learned((at) => (at % 15 === 0 ? 30_000 : 100)).lateMs(100)! < 300)
})

test('a server that has become slower is measured by what it is', () => {
  const promptness = learned(() => 100)
  for (let at = 0; at < 130; at += 1) promptness.learn(100, 1_000)
  assert.ok(promptness.lateMs(100)! > 1_000)
})
