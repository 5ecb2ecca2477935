import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { auditSuite } from '../../test/conformance/audit.ts'
import { SqliteBooks } from './sqlite.ts'

const folderFor = (): Promise<string> => mkdtemp(join(tmpdir(), 'spillway-audit-'))

auditSuite('The audit in SQLite', async () => {
  const folder = await folderFor()
  const path = join(folder, 'ledger.db')
  const open = [new SqliteBooks(path)]
  return {
    books: open[0]!,
    other: () => {
      open.push(new SqliteBooks(path))
      return open.at(-1)!
    },
    remove: async () => {
      await Promise.all(open.map((books) => books.close()))
      await rm(folder, { recursive: true })
    },
  }
})

test('any line that is changed, left out, put in or cut off the end is found', async (t) => {
  const folder = await folderFor()
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'ledger.db')
  const books = new SqliteBooks(path)
  t.after(() => books.close())
  const usual = {
    actor: 'admin',
    action: 'key.create',
    result: 'ok',
    uptimeMs: 5,
    before: 'a',
    after: 'b',
    detail: 'c',
  }
  for (let i = 1; i <= 5; i += 1)
    await books.run('addAudit', { ...usual, id: `id-${i}`, at: i, subject: `key-${i}`, source: '::1' })
  const row = 'SELECT 6, id || 6, at, uptime_ms, actor, source, action, subject, was, became, result, detail, hash'
  const fields = [
    'id',
    'at',
    'uptime_ms',
    'actor',
    'source',
    'action',
    'subject',
    'was',
    'became',
    'result',
    'detail',
    'hash',
  ]
  const harms: (readonly [string, number])[] = [
    ...fields.map((field) => [`UPDATE audit SET ${field} = '9' WHERE seq = 3`, 3] as const),
    ['UPDATE audit SET detail = NULL WHERE seq = 2', 2],
    ['DELETE FROM audit WHERE seq = 4', 4],
    ['DELETE FROM audit WHERE seq = 1', 1],
    ['DELETE FROM audit WHERE seq = 5', 5],
    [`INSERT INTO audit ${row} FROM audit WHERE seq = 5`, 6],
    ["UPDATE audit_head SET hash = 'x'", 6],
    ['DELETE FROM audit_head', 0],
  ]
  for (const [harm, brokenAt] of harms) {
    const db = new DatabaseSync(path)
    db.exec('BEGIN')
    db.exec(harm)
    db.exec('COMMIT')
    const verdict = await books.run('verifyAudit')
    assert.equal(verdict.brokenAt, brokenAt, harm)
    // As it was.
    db.exec('BEGIN; DELETE FROM audit; DELETE FROM audit_head')
    db.exec("INSERT INTO audit_head VALUES ('audit', 0, '', 0, ''); COMMIT")
    db.close()
    for (let i = 1; i <= 5; i += 1)
      await books.run('addAudit', { ...usual, id: `id-${i}`, at: i, subject: `key-${i}`, source: '::1' })
    assert.equal((await books.run('verifyAudit')).brokenAt, undefined)
  }
})
