import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { claimOf, dayAccount, entryOf, paidEntry } from '../../src/ledger/entries.test-helper.ts'
import { folderFor, openFor } from '../../src/ledger/ledger.test-helper.ts'
import type { OpenLedger } from '../../src/ledger/open.ts'

/** A disk of so many kilobytes; undefined where this system does not let us. */
function smallDisk(t: TestContext, kilobytes: number): string | undefined {
  const at = mkdtempSync(join(tmpdir(), 'spillway-disk-'))
  const isThere = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', at]).status === 0
  t.after(() => {
    if (isThere) spawnSync('umount', ['-l', at])
    rmdirSync(at)
  })
  return isThere ? at : undefined
}

/** Whatever is left is taken. */
function fillUp(at: string): string {
  const file = join(at, 'others')
  for (let bytes = 1024 * 1024; bytes >= 64;) {
    try {
      writeFileSync(file, Buffer.alloc(bytes), { flag: 'a' })
    } catch {
      bytes = Math.floor(bytes / 2)
    }
  }
  return file
}

const until = async (isSo: () => boolean | Promise<boolean>): Promise<number> => {
  const begun = performance.now()
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
  return performance.now() - begun
}

const accounts = [dayAccount(1_000_000)]

/** Until it is noticed that nothing can be set aside any more. */
async function untilClosed({ ledger }: OpenLedger): Promise<void> {
  for (let n = 0; ledger.trouble === undefined; n += 1) {
    await ledger.hold(claimOf(`probe-${n}-${Math.random()}#1`, { accounts, nano: 1 })).catch(() => {})
    void ledger.close(entryOf(`probe-${n}-${Math.random()}`))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const requests = async ({ ledger }: OpenLedger): Promise<number> => (await ledger.report({ by: [] }))[0]?.requests ?? 0

test('on a disk that is full what is under way is taken down all the same, the cloud is closed, and all is well again after', async (t) => {
  const disk = smallDisk(t, 3_000)
  if (disk === undefined) return t.skip('this system lets nobody mount a tmpfs')
  const opened = await openFor(t, { dataDir: join(disk, 'data'), segmentBytes: undefined })
  const { ledger, close } = opened
  const claims = Array.from({ length: 50 }, (_, i) => claimOf(`paid-${i}#1`, { accounts }))
  for (const claim of claims) {
    await ledger.hold(claim)
    ledger.sent(claim)
  }
  const others = fillUp(disk)
  await untilClosed(opened)
  assert.match(ledger.trouble ?? '', /no space left/i)
  const before = await requests(opened)
  await Promise.all(claims.map(async (claim) => ledger.close(paidEntry(claim, 30))))
  for (let i = 0; i < 200; i += 1) assert.equal(ledger.close(entryOf(`local-${i}`)), undefined)
  await assert.rejects(ledger.hold(claimOf('other#1', { accounts })))

  rmSync(others)
  const backMs = await until(() => ledger.trouble === undefined)
  assert.ok(backMs < 5_000, `back after ${backMs} ms`)
  assert.equal((await ledger.hold(claimOf('next#1', { accounts }))).short, undefined)
  await until(async () => opened.backlog().waiting === 0)
  assert.deepEqual(opened.backlog(), { waiting: 0, dropped: 0 })
  assert.ok((await requests(opened)) >= before + 250)
  await close()
  const next = await openFor(t, { dataDir: join(disk, 'data') })
  const [standing] = await next.ledger.standings(accounts)
  assert.equal(standing?.spentNano, 50 * 30)
  assert.equal(standing?.heldNano, 0)
  await next.close()
  const db = new DatabaseSync(join(disk, 'data', 'ledger.db'), { readOnly: true })
  assert.equal(db.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
  db.close()
})

test('while another program keeps the database locked, nothing is set aside and nothing is lost', async (t) => {
  const dataDir = folderFor(t)
  const opened = await openFor(t, { dataDir })
  const { ledger, backlog } = opened
  const claim = claimOf('paid#1', { accounts })
  await ledger.hold(claim)
  ledger.sent(claim)
  const other = new DatabaseSync(join(dataDir, 'ledger.db'))
  other.exec('BEGIN EXCLUSIVE')
  await ledger.close(paidEntry(claim, 30))
  const begun = performance.now()
  await assert.rejects(ledger.hold(claimOf('other#1', { accounts })))
  assert.ok(performance.now() - begun < 3_000)
  assert.equal(ledger.close(entryOf('local')), undefined)
  assert.notEqual(ledger.trouble, undefined)
  await until(() => /locked/.test(ledger.trouble ?? ''))
  assert.equal(backlog().waiting, 2)
  other.exec('ROLLBACK')
  other.close()
  const backMs = await until(() => ledger.trouble === undefined)
  assert.ok(backMs < 5_000, `back after ${backMs} ms`)
  await until(async () => (await requests(opened)) === 2)
  const [standing] = await ledger.standings(accounts)
  assert.deepEqual([standing?.spentNano, standing?.heldNano], [30, 0])
})
