import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resuming } from './resuming.ts'

test('streams that break anywhere are carried on, and every caller hears every token once and in order', async () => {
  const sums = { carriedOn: 0, failed: 0, whole: 0, broken: 0 }
  for (let seed = 1; seed <= 12; seed += 1) {
    const { report, outcomes } = await resuming(seed)
    sums.carriedOn += outcomes['carried-on']
    sums.failed += outcomes.failed
    sums.whole += report.whole
    sums.broken += report.broken
  }
  assert.ok(sums.carriedOn > 200, `${sums.carriedOn} were carried on`)
  // Those that call tools, that break more often than is mended, and that find nobody.
  assert.ok(sums.broken < sums.carriedOn / 4, `${sums.broken} stayed broken`)
  assert.ok(sums.failed < sums.carriedOn / 20, `${sums.failed} found nobody`)
})

test('one seed of streams that break has one history', async () => {
  const [one, same] = [await resuming(5), await resuming(5)]
  assert.deepEqual(one, same)
})
