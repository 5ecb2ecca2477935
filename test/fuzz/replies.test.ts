import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { onceWrong } from './once-wrong.ts'
import { assertReach, campaign, openBench } from './replies.fuzz.ts'

suite('Whatever servers answer, what comes out is an answer or a fault', () => {
  for (const [what, asking, reply, isWell] of onceWrong) {
    test(`also where ${what}`, async () => {
      const bench = await openBench()
      assert.equal(await bench.hear(asking, () => [Buffer.from(reply)]), isWell)
      await bench.close()
    })
  }

  test('in 50,000 answers that are not what they should be, or as many as there is time for', async (t) => {
    const findings = await campaign({ count: 50_000, seed: 20_261_121, mostMs: 7_000 })
    assert.ok(findings.count > 1_000, `${findings.count}`)
    t.diagnostic(JSON.stringify(findings))
    assertReach(findings)
  })
})
