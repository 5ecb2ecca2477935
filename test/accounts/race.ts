import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callerWith, cloud, dollars, Rig } from '../../src/accounts/rig.test-helper.ts'
import type { Ledger } from '../../src/core/ledger.ts'
import type { World } from '../../src/core/world.ts'
import { openLedger, type OpenLedger } from '../../src/ledger/open.ts'

/** What it costs to hold a prompt of a hundred tokens and a thousand of answer. */
export const onePart = 0.010189

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

export const realWorld: World = {
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
export async function race(ledger: Ledger, times: number): Promise<void> {
  for (let at = 0; at < times; at += 1) {
    const rigs = [0, 1].map(() => new Rig({ ledger, clock: impatient() }))
    const caller = callerWith([dollars(10 * onePart)], { id: `racer-${at}`, clamp: false })
    const asked = Array.from({ length: 500 }, (_, i) => rigs[i % 2]!.ask(caller, { clamp: false }))
    const holds = await Promise.all(asked.map((ask) => ask.purse.hold(ask, cloud)))
    assert.equal(holds.filter((hold) => hold !== undefined).length, 10, `Of the ${at}th five hundred.`)
    for (const { treasury } of rigs) treasury.stop()
  }
}

/** A ledger in a folder of its own, which goes when it is closed. */
export async function onDisk(): Promise<OpenLedger> {
  const dataDir = mkdtempSync(join(tmpdir(), 'spillway-race-'))
  const opened = await openLedger({ dataDir, world: realWorld, emit: () => {} })
  await opened.ready
  const close = async (): Promise<void> => {
    await opened.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { ...opened, close }
}
