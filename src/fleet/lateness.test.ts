import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lateness } from './lateness.ts'

const learned = (tookMs: (at: number) => number, samples = 100): Lateness => {
  const lateness = new Lateness()
  for (let at = 0; at < samples; at += 1) lateness.learn(100, tookMs(at))
  return lateness
}

test('nothing is called late before enough has been seen', () => {
  assert.equal(learned(() => 100, 19).after(100), undefined)
  assert.notEqual(learned(() => 100, 20).after(100), undefined)
})

test('what is late grows with what was expected', () => {
  assert.equal(learned(() => 100).after(2_000)! / learned(() => 100).after(200)!, 10)
})

test('of those that spread like a bell, one in thirty to one in a hundred is late', () => {
  // The middle of each hundredth of a bell of logarithms, in an order without meaning.
  const spread = 0.5
  const tooks = Array.from({ length: 100 }, (_, at) => {
    const part = (((at * 37) % 100) + 0.5) / 100
    return 100 * Math.exp((spread / 1.702) * Math.log(part / (1 - part)))
  })
  const late = learned((at) => tooks[at]!).after(100)!
  const beyond = tooks.filter((took) => took > late).length
  assert.ok(beyond >= 1 && beyond <= 4, `${beyond} of 100`)
})

test('a server that hangs now and then is not excused by its hangs', () => {
  assert.ok(learned((at) => (at % 15 === 0 ? 30_000 : 100)).after(100)! < 300)
})

test('a server that has become slower is measured by what it is', () => {
  const lateness = learned(() => 100)
  for (let at = 0; at < 100; at += 1) lateness.learn(100, 1_000)
  assert.ok(lateness.after(100)! > 1_000)
})
