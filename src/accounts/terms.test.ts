import assert from 'node:assert/strict'
import { test } from 'node:test'
import { termsFor } from './terms.ts'

test('without any budget no more is set aside than can be counted, however many answers somebody asks for', () => {
  const price = { input: 1_000_000, output: 5_000_000, source: 'config' }
  const means = { price, roomNano: Infinity, outputTokensMost: 8_192, promptFactor: 1, longest: undefined }
  const wanted = { id: 'a', model: 'm', promptTokens: 10, outputTokensMax: 1_000_000, needs: [] }
  assert.equal(termsFor(wanted, means)?.outputTokensMax, 1_000_000)
  for (const answers of [100_000, 1_000_000_000, Number.MAX_SAFE_INTEGER]) {
    const terms = termsFor({ ...wanted, answers }, means)
    assert.ok(terms === undefined || Number.isSafeInteger(terms.nano), `${answers}`)
  }
})
