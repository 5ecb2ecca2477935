import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { serve } from '../cli/rig.ts'
import { databaseIn, ledgerIn, paidConfig, twelveWords } from './paid-rig.ts'

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('while the database is locked callers are served at home, nothing leaves for money, and afterwards all is there', async (t) => {
  const { running, cwd, url } = await serve(t, await paidConfig(t))
  const seen = { ok: 0 }
  const ask = async (isPaid: boolean): Promise<{ status: number; text: string }> => {
    const answer = await twelveWords(url, isPaid)
    seen.ok += answer.status === 200 ? 1 : 0
    return { status: answer.status, text: await answer.text() }
  }
  assert.deepEqual([(await ask(true)).status, (await ask(false)).status], [200, 200])
  const other = new DatabaseSync(databaseIn(cwd), { timeout: 5_000 })
  other.exec('BEGIN EXCLUSIVE')
  const first = await ask(true)
  assert.equal(first.status, 503, first.text)
  for (let n = 0; n < 20; n += 1) assert.equal((await ask(false)).status, 200)
  const again = await ask(true)
  assert.equal(again.status, 503)
  assert.match(again.text, /"code":"ledger_unavailable"/)
  other.exec('ROLLBACK')
  other.close()
  const begun = performance.now()
  while ((await ask(true)).status !== 200) await wait(50)
  assert.ok(performance.now() - begun < 5_000)
  running.child.kill('SIGTERM')
  assert.equal((await running.ended).code, 0)
  const { entries, holders } = await ledgerIn(cwd)
  assert.equal(entries.filter(({ fault }) => fault === undefined).length, seen.ok)
  assert.deepEqual(holders, [])
})

test('of two processes of which one takes over from the other, each takes down its own requests, once', async (t) => {
  const { running, cwd, url } = await serve(t, await paidConfig(t), ['--supervised'])
  const ids: string[] = []
  const ask = async (n: number): Promise<void> => {
    const answer = await twelveWords(url, n % 2 === 0, { stream: n % 3 === 0 })
    await answer.text()
    assert.equal(answer.status, 200)
    ids.push(answer.headers.get('x-request-id')!)
  }
  await Promise.all([0, 1, 2, 3].map(ask))
  const during = Promise.all([4, 5, 6, 7].map(ask))
  running.child.kill('SIGUSR2')
  await running.says(/Another process listens now/)
  await during
  await Promise.all([8, 9, 10, 11].map(ask))
  running.child.kill('SIGTERM')
  assert.equal((await running.ended).code, 0)
  const { entries, holders } = await ledgerIn(cwd)
  assert.deepEqual(entries.map(({ id }) => id).sort(), ids.sort())
  assert.deepEqual(holders, [])
})
