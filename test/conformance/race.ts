import assert from 'node:assert/strict'
import type { Books } from '../../src/ledger/books.ts'
import { bound, claimOf, dayOf, entryOf, tryOf } from './money.ts'

const asked = 500
const affordable = 10

/** All of them ask at once, in turns at each of the gateways, for money that is enough for a few. Who got some gives it back. */
export async function race(gateways: readonly Books[], round: number): Promise<void> {
  const [one] = gateways
  const accounts = [bound(affordable * 100, dayOf(`caller:c${round}`)), bound(1_000_000_000, dayOf('gateway'))]
  const claims = Array.from({ length: asked }, (_, n) => claimOf(`${round}-${n}/1`, 100, accounts))
  const answers = await Promise.all(
    claims.map((claim, n) => gateways[n % gateways.length]!.run('hold', claim, `owner-${n % gateways.length}`)),
  )
  const held = claims.filter((_, n) => answers[n]!.short === undefined)
  assert.equal(held.length, affordable, `round ${round}`)
  await one!.run(
    'close',
    held.map((claim) => entryOf(claim.requestId, [tryOf(claim, 90)])),
  )
  const [standing] = await one!.run('standings', accounts)
  assert.deepEqual([standing?.heldNano, standing?.spentNano], [0, affordable * 90])
}
