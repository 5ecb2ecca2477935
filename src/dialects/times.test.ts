import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Fault } from '../core/fault.ts'
import { dialects } from './index.ts'

const full = new Fault('queue-full', 'The queue is full.', { retryAfterMs: 1_500.2, etaMs: 12_345.6 })
const times = /"retry_after_ms":1501,"eta_ms":12346/

suite('What a refusal says of time', () => {
  for (const dialect of dialects) {
    test(`stands in its body and in its frame in ${dialect.id}, beside what clients know`, () => {
      assert.match(JSON.stringify(dialect.writeFault(full)), times)
      assert.match(dialect.faultFrame(full), times)
    })

    test(`is left out in ${dialect.id} where coming back changes nothing, and where nobody knows it`, () => {
      const hopeless = new Fault('bad-request', 'No.', { retryAfterMs: 5, etaMs: 5 })
      assert.doesNotMatch(JSON.stringify(dialect.writeFault(hopeless)), /_ms/)
      const vague = JSON.stringify(dialect.writeFault(new Fault('no-upstream', 'Nobody.', { etaMs: Infinity })))
      assert.match(vague, /"retry_after_ms":1000/)
      assert.doesNotMatch(vague, /eta_ms/)
    })
  }
})
