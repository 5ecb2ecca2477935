import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { folderWith } from '../../src/cli/process.test-helper.ts'
import type { Claim, Ledger } from '../../src/core/ledger.ts'
import type { World } from '../../src/core/world.ts'
import { openLedger, type OpenLedger } from '../../src/ledger/open.ts'
import { bound, claimOf, dayOf, entryOf, tryOf } from '../conformance/money.ts'
import { sharedPostgres, skipWithoutPostgres } from './server.ts'

const server = sharedPostgres()

/** Real time, and no network but that to PostgreSQL. */
const world: World = {
  now: () => performance.now(),
  epochMs: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
  random: Math.random,
  send: () => Promise.reject(new Error('Nothing is sent here.')),
}

async function opened(t: TestContext, url: string): Promise<OpenLedger> {
  const open = await openLedger({ dataDir: folderWith(t, {}), url, world, emit: () => {} })
  t.after(() => open.close())
  return open
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const late = performance.now() + 5_000
  while (!isSo()) {
    assert.ok(performance.now() < late, what)
    await sleep(5)
  }
}

const account = bound(1_000_000, dayOf('gateway'))

for (const [name, fail, mend] of [
  ['killed', () => server.kill(), () => server.start()],
  ['standing still', () => server.pause(), () => server.resume()],
  ['restarted by an administrator', () => server.stop(), () => server.start()],
] as const) {
  const sentence = `PostgreSQL ${name}: work at home goes on, the cloud closes, and each request is entered once`
  test(sentence, skipWithoutPostgres, (t) => survive(t, fail, mend))
}

async function survive(t: TestContext, fail: () => unknown, mend: () => unknown): Promise<void> {
  const { ledger, books, backlog } = await opened(t, server.fresh())
  let requests = 0
  const serveAtHome = (): void => {
    requests += 1
    // Nobody waits for it: there is nothing to wait for.
    assert.equal(ledger.close(entryOf(`home-${requests}`)), undefined)
  }
  const serve = async (claim: Claim, nano: number): Promise<void> => {
    requests += 1
    await ledger.close(entryOf(claim.requestId, [tryOf(claim, nano)]))
  }

  // The tables are made.
  await books.run('listOwners')
  await serve(await bought(ledger), 60)
  const underWay = await bought(ledger)
  const serving = setInterval(serveAtHome, 2)
  t.after(() => clearInterval(serving))
  await fail()

  const askedAt = performance.now()
  await assert.rejects(ledger.hold(newClaim()))
  const waitedMs = performance.now() - askedAt
  assert.ok(waitedMs < 3_000, `${waitedMs} ms`)
  assert.ok(ledger.trouble !== undefined)
  // What left before is paid for all the same, and outlives the machine when this resolves.
  await serve(underWay, 70)
  await sleep(400)

  await mend()
  await until(() => ledger.trouble === undefined, 'the cloud opens again')
  await serve(await bought(ledger), 60)
  clearInterval(serving)
  await until(() => backlog().waiting === 0, 'the journal is empty')
  const [row] = await books.run('report', { by: [] })
  assert.deepEqual([row?.requests, row?.nano], [requests, 190])
  const [standing] = await ledger.standings([account])
  assert.deepEqual([standing?.heldNano, standing?.spentNano], [0, 190])
}

let claims = 0
const newClaim = (): Claim => claimOf(`paid-${(claims += 1)}/1`, 100, [account])

/** While a machine is busy with other tests, a commit may take longer than an ask would wait for it. */
async function bought(ledger: Ledger): Promise<Claim> {
  for (const late = performance.now() + 5_000; ; await sleep(50)) {
    const claim = newClaim()
    try {
      await ledger.hold(claim)
      ledger.sent(claim)
      return claim
    } catch (error) {
      if (performance.now() > late) throw error
    }
  }
}

test(
  'a gateway that starts while PostgreSQL is down serves at home, says so, and opens the cloud when it is back',
  skipWithoutPostgres,
  async (t) => {
    const url = server.fresh()
    await server.stop()
    const { ledger, books, backlog } = await opened(t, url)
    assert.equal(ledger.close(entryOf('home')), undefined)
    await until(() => ledger.trouble !== undefined, 'it says so')
    assert.match(ledger.trouble!, /PostgreSQL at 127\.0\.0\.1:/)
    await assert.rejects(ledger.hold(claimOf('a/1', 100, [account])))
    await server.start()
    await until(() => ledger.trouble === undefined && backlog().waiting === 0, 'the cloud opens')
    assert.equal((await ledger.hold(claimOf('b/1', 100, [account]))).short, undefined)
    assert.equal((await books.run('report', { by: [] }))[0]?.requests, 1)
  },
)
