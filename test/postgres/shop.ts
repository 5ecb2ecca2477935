import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Claim } from '../../src/core/ledger.ts'
import { PostgresBooks } from '../../src/ledger/postgres-books.ts'
import { verified } from './verified.ts'
import { bound, claimOf, dayOf, entryOf, tryOf } from '../conformance/money.ts'
import type { PostgresServer } from './server.ts'

const buyers = 8
const limitNano = 20_000

/**
 * Buyers at two gateways spend one budget, while their PostgreSQL is killed and started again. Each of them does as the
 * ledger does: where it is not known whether money was set aside, it is given back, and what has ended is told until it is
 * known to be in the books.
 */
export async function shopping(server: PostgresServer, { kills }: { readonly kills: number }): Promise<number> {
  const url = server.fresh()
  const gateways = [new PostgresBooks(url), new PostgresBooks(url)]
  const accounts = [bound(limitNano, dayOf('gateway'))]
  const shop = { isOpen: true }
  let spentNano = 0
  let requests = 0

  const insist = async (books: PostgresBooks, claim: Claim, nano: number): Promise<void> => {
    const entry = entryOf(claim.requestId, [tryOf(claim, nano)], { state: nano === 0 ? 'released' : 'settled' })
    for (let done = false; !done;) {
      done = await books.run('close', [entry]).then(
        () => true,
        () => sleep(5, false),
      )
    }
    requests += 1
    spentNano += nano
  }

  const buy = async (buyer: number): Promise<void> => {
    const books = gateways[buyer % gateways.length]!
    for (let n = 0; shop.isOpen; n += 1) {
      const claim = claimOf(`b${buyer}-${n}/1`, 50, accounts)
      const answer = await books.run('hold', claim, `owner-${buyer}`).catch(() => undefined)
      if (answer === undefined) await insist(books, claim, 0)
      else if (answer.short === undefined) await insist(books, claim, n % 3 === 0 ? 0 : 3)
      if (answer !== undefined)
        for (const { heldNano, spentNano: spent } of answer.standings) assert.ok(heldNano + spent <= limitNano)
    }
  }

  const buying = Array.from({ length: buyers }, (_, buyer) => buy(buyer))
  for (let n = 0; n < kills; n += 1) {
    await sleep(150 + Math.random() * 500)
    await server.kill()
    await server.start()
  }
  shop.isOpen = false
  await Promise.all(buying)
  const [one] = gateways
  const [standing] = await one!.run('standings', accounts)
  assert.deepEqual([standing?.heldNano, standing?.spentNano], [0, spentNano])
  const [row] = await one!.run('report', { by: [] })
  assert.deepEqual([row?.requests, row?.nano], [requests, spentNano])
  assert.deepEqual((await verified(url)).problems, [])
  await Promise.all(gateways.map((gateway) => gateway.close()))
  return requests
}
