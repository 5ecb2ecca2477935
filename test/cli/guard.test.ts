/** The switch of the cloud and the audit, with real processes and a real ledger. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type Ends, folderWith, type Running, spillway } from '../../src/cli/process.test-helper.ts'

const configOn = (admin: string, usd = 5): string => `
listen: 127.0.0.1:0
admin: { listen: "${admin}" }
data_dir: kept
upstreams:
  - { name: box, kind: ollama, url: "http://127.0.0.1:1" }
  - { name: haiku, kind: anthropic, url: "http://127.0.0.1:1", api_key: none, models: { serve: { m: claude-haiku-4-5 } } }
budget: { usd: ${usd}, per: day }
`

interface Cloud {
  readonly open: boolean
  readonly reason: string | null
  readonly by: string | null
}

async function started(t: Ends, cwd: string): Promise<{ readonly running: Running; readonly adminUrl: string }> {
  const running = spillway(t, ['serve'], { cwd })
  const [, adminUrl] = await running.says(/\(admin (http:[^\s)]+)\)/)
  return { running, adminUrl: adminUrl! }
}

const cloudAt = async (adminUrl: string): Promise<Cloud> =>
  (await (await fetch(`${adminUrl}/api/cloud`)).json()) as Cloud

async function command(t: Ends, cwd: string, ...words: string[]): Promise<string> {
  const { code, out, err } = await spillway(t, words, { cwd }).ended
  assert.deepEqual([code, err], [0, ''], words.join(' '))
  return out
}

test('the cloud is closed for all gateways on a ledger by one word, over a crash, and each who changed anything has a line', async (t) => {
  const cwd = folderWith(t, { 'spillway.yaml': configOn('127.0.0.1:0') })
  const [one, other] = [await started(t, cwd), await started(t, cwd)]
  assert.equal((await cloudAt(one.adminUrl)).open, true)

  const body = JSON.stringify({ open: false, reason: 'the bill' })
  const answer = await fetch(`${one.adminUrl}/api/cloud`, { method: 'POST', body })
  assert.deepEqual([answer.status, ((await answer.json()) as Cloud).open], [200, false])
  await eventually(async () => !(await cloudAt(other.adminUrl)).open)

  writeFileSync(join(cwd, 'spillway.yaml'), configOn('127.0.0.1:0', 6))
  await one.running.says(/Took up/)
  other.running.child.kill('SIGKILL')
  one.running.child.kill('SIGKILL')
  await Promise.all([one.running.ended, other.running.ended])

  const again = await started(t, cwd)
  assert.deepEqual(await cloudAt(again.adminUrl).then(({ open, reason, by }) => [open, reason, by]), [
    false,
    'the bill',
    'loopback',
  ])
  // By the admin port of a gateway that runs.
  writeFileSync(join(cwd, 'running.yaml'), configOn(new URL(again.adminUrl).host))
  assert.match(await command(t, cwd, 'cloud', 'on', '-c', 'running.yaml'), /^The cloud is open again \(loopback\)\.$/m)
  again.running.child.kill('SIGTERM')
  await again.running.ended
  // In the ledger itself, where none does.
  assert.match(await command(t, cwd, 'cloud', 'off', '-c', 'running.yaml'), /^The cloud is closed: .* \(cli:/)
  assert.match(await command(t, cwd, 'cloud', '-c', 'running.yaml'), /^The cloud is closed: .* \(cli:/)

  const rows = (await command(t, cwd, 'audit', '--json'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string | null>)
  const told = rows.map(({ actor, action, before, after, result }) => [
    actor?.slice(0, 4),
    action,
    before,
    after,
    result,
  ])
  const reloads = told.filter(([, action]) => action === 'config.reload')
  // Both saw the file change, unless one was killed before it had.
  assert.ok(reloads.length === 1 || reloads.length === 2)
  assert.ok(
    rows.some(
      ({ action, actor, detail }) => action === 'config.reload' && actor === 'config-watch' && detail === 'budget.usd',
    ),
  )
  assert.deepEqual(
    told.filter(([, action]) => action !== 'config.reload'),
    [
      ['loop', 'cloud.close', 'open', 'closed', 'ok'],
      ['loop', 'cloud.open', 'closed', 'open', 'ok'],
      ['cli:', 'cloud.close', 'open', 'closed', 'ok'],
    ],
  )
})

/** Within a second by what is promised; a machine that is busy has more. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 100 && !(await isSo()); look += 1) await wait(50)
  assert.ok(await isSo())
}
