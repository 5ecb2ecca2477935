import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { nanoPerDollar } from '../../src/core/money.ts'
import { ledgerIn, paidConfig, twelveWords } from './paid-rig.ts'

/** Ids of the answers that were seen whole, as they come, and whether they cost money. */
async function ask(url: string, whole: Map<string, boolean>, seed: number): Promise<void> {
  for (let n = 0; ; n += 1) {
    try {
      const stream = (n + seed) % 3 === 0
      const isPaid = (n + seed) % 2 === 0
      const answer = await twelveWords(url, isPaid, { stream })
      const text = await answer.text()
      const id = answer.headers.get('x-request-id')!
      if (answer.status === 200 && (!stream || text.trimEnd().endsWith('[DONE]'))) whole.set(id, isPaid)
      // It may have no money for another one until the last of its kind have ended.
      else if (answer.status !== 429 && answer.status !== 503) assert.fail(`${answer.status} ${text}`)
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      return
    }
  }
}

test('a gateway that is killed under load has taken down all that was seen whole, and is ready again at once', async (t) => {
  const cwd = folderWith(t, { 'spillway.yaml': await paidConfig(t, 'budget: { usd: 0.05, per: month }\n') })
  const whole = new Map<string, boolean>()
  const paid = (): number => Array.from(whole.values()).filter((isPaid) => isPaid).length
  const tookMs: number[] = []
  for (let life = 0; life < 4; life += 1) {
    const begun = performance.now()
    const running = spillway(t, ['serve'], { cwd })
    const [, url] = await running.says(/Spillway listens on (http:\S+)/)
    tookMs.push(Math.round(performance.now() - begun))
    const callers = Array.from({ length: 8 }, (_, i) => ask(url!, whole, i))
    await sleep(250 + 130 * life)
    // On a slow machine nobody may have seen anything yet.
    for (let waits = 0; paid() < 2 * (life + 1) && waits < 500; waits += 1) await sleep(20)
    running.child.kill('SIGKILL')
    await running.ended
    await Promise.all(callers)
  }
  const last = spillway(t, ['serve'], { cwd })
  await last.says(/Spillway listens on/)
  last.child.kill('SIGTERM')
  assert.equal((await last.ended).code, 0)

  const { entries, holders } = await ledgerIn(cwd)
  const ids = new Set(entries.map(({ id }) => id))
  assert.equal(ids.size, entries.length, 'no request is there twice')
  assert.deepEqual(
    Array.from(whole.keys()).filter((id) => !ids.has(id)),
    [],
  )
  assert.deepEqual(holders, [])
  const nano = entries.reduce((sum, entry) => sum + entry.nano, 0)
  assert.ok(nano > 0 && nano <= 0.05 * nanoPerDollar, `${nano} spent`)
  const paidFor = entries.filter((entry) => whole.has(entry.id) && entry.nano > 0)
  assert.ok(paidFor.length > 5 && paidFor.every(({ estimated }) => !estimated))
  t.diagnostic(
    `${whole.size} seen whole, ${paidFor.length} of them paid, ${entries.length} rows; begun in ${tookMs.join()} ms`,
  )
})
