import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { callerWith, cloud, dollars, Rig } from '../../src/accounts/rig.test-helper.ts'
import type { Ledger } from '../../src/core/ledger.ts'
import type { World } from '../../src/core/world.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import { openLedger, type OpenLedger } from '../../src/ledger/open.ts'

/** What it costs to hold a prompt of a hundred tokens and a thousand of answer. */
const onePart = 0.010189

/** Whoever waits has waited at once: it is not about how long. */
const impatient = () => {
  let now = 0
  return {
    now: () => now,
    epochMs: () => 1_700_000_000_000 + now,
    sleep: (ms: number): Promise<void> => {
      now += ms
      return new Promise((resolve) => void setImmediate(resolve))
    },
  }
}

const realWorld: World = {
  now: () => performance.now(),
  epochMs: () => Date.now(),
  random: () => Math.random(),
  send: () => Promise.reject(new Error('Nobody is there.')),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    }),
}

/** Two gateways with one ledger; 500 at once, of a caller of their own each time. */
async function race(ledger: Ledger, times: number): Promise<void> {
  for (let at = 0; at < times; at += 1) {
    const rigs = [0, 1].map(() => new Rig({ ledger, clock: impatient() }))
    const caller = callerWith([dollars(10 * onePart)], { id: `racer-${at}`, clamp: false })
    const asked = Array.from({ length: 500 }, (_, i) => rigs[i % 2]!.ask(caller, { clamp: false }))
    const holds = await Promise.all(asked.map((ask) => ask.purse.hold(ask, cloud)))
    assert.equal(holds.filter((hold) => hold !== undefined).length, 10, `Of the ${at}th five hundred.`)
    for (const { treasury } of rigs) treasury.stop()
  }
}

test('five hundred at once on money for ten, through two gateways, are ten: a hundred times over', async () => {
  const ledger = new MemoryLedger()
  await race(ledger, 100)
  assert.equal(ledger.open.length, 1_000)
})

async function onDisk(context: TestContext): Promise<OpenLedger> {
  const dataDir = mkdtempSync(join(tmpdir(), 'spillway-race-'))
  const opened = await openLedger({ dataDir, world: realWorld, emit: () => {} })
  context.after(async () => {
    await opened.close()
    rmSync(dataDir, { recursive: true, force: true })
  })
  await opened.ready
  return opened
}

test('five hundred at once on money for ten are ten in books on a disk', async (context) => {
  const { ledger } = await onDisk(context)
  await race(ledger, 10)
})

test('what comes back is there for the next, though the books hear of it a moment later', async (context) => {
  const { ledger } = await onDisk(context)
  const rig = new Rig({ ledger, clock: realWorld })
  const caller = callerWith([dollars(1.05 * onePart)], { clamp: false })
  for (let at = 0; at < 20; at += 1) {
    const ask = rig.ask(caller, { clamp: false })
    const page = rig.treasury.open(ask)
    const hold = await ask.purse.hold(ask, cloud)
    assert.ok(hold !== undefined, `The ${at}th is refused.`)
    const usage = { promptTokens: 0, outputTokens: 0 }
    hold.end(usage)
    await page.close({
      usage,
      upstream: 'cloud',
      tier: 1,
      attempts: 1,
      waitMs: 0,
      firstTokenMs: 1,
      totalMs: 1,
      fault: undefined,
    })
  }
  rig.treasury.stop()
})
