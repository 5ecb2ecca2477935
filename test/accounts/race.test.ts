import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callerWith, cloud, dollars, Rig, wentWell } from '../../src/accounts/rig.test-helper.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import { onDisk, onePart, race, realWorld } from './race.ts'

test('five hundred at once on money for ten, through two gateways, are ten: a hundred times over', async () => {
  const ledger = new MemoryLedger()
  await race(ledger, 100)
  assert.equal(ledger.open.length, 1_000)
})

test('five hundred at once on money for ten are ten in books on a disk', async (context) => {
  const { ledger, close } = await onDisk()
  context.after(close)
  await race(ledger, 10)
})

test('what comes back is there for the next, though the books hear of it a moment later', async (context) => {
  const { ledger, close } = await onDisk()
  context.after(close)
  const rig = new Rig({ ledger, clock: realWorld })
  const caller = callerWith([dollars(1.05 * onePart)], { clamp: false })
  for (let at = 0; at < 20; at += 1) {
    const ask = rig.ask(caller, { clamp: false, arrivedAt: realWorld.now() })
    const page = rig.treasury.open(ask)
    const hold = await ask.purse.hold(ask, cloud)
    assert.ok(hold !== undefined, `The ${at}th is refused.`)
    const usage = { promptTokens: 0, outputTokens: 0 }
    hold.end(usage)
    await page.close(wentWell(usage))
  }
  rig.treasury.stop()
})
