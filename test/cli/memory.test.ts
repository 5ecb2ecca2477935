import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { test, type TestContext } from 'node:test'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { until } from '../e2e/rig.ts'
import { model, steadyConfig, steadyServer } from './crowd.ts'

/** The ledger's thread has a heap of its own. */
const limitBytes = 384 * 1024 * 1024

interface Group {
  /** A command that starts another one within it. */
  readonly under: readonly string[]
  readonly kills: () => number
}

/** A group of processes that may have so much memory, or why there is none. */
function group(t: TestContext): Group | string {
  const kinds = [
    { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', told: 'memory.oom_control' },
    { root: '/sys/fs/cgroup', limit: 'memory.max', told: 'memory.events' },
  ]
  const kind = kinds.find(({ root }) => existsSync(root))
  if (kind === undefined) return 'there are no memory groups here'
  const folder = `${kind.root}/spillway-${process.pid}`
  try {
    mkdirSync(folder)
    t.after(() => dissolve(folder))
    writeFileSync(`${folder}/${kind.limit}`, String(limitBytes))
  } catch (error) {
    return `no memory group can be made here: ${(error as NodeJS.ErrnoException).code}`
  }
  return {
    under: ['sh', '-c', `echo $$ > ${folder}/cgroup.procs; exec "$@"`, 'sh'],
    kills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(`${folder}/${kind.told}`, 'utf8'))?.[1]),
  }
}

/** Whoever is still in it when a test fails would keep it, and go on without anybody. */
async function dissolve(folder: string): Promise<void> {
  const members = (): readonly number[] =>
    readFileSync(`${folder}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number)
  for (const pid of members()) process.kill(pid, 'SIGKILL')
  await until(() => members().length === 0, 5_000, 'nobody is left in the group')
  rmdirSync(folder)
}

const agent = new Agent({ keepAlive: true, maxSockets: Infinity })

/** Asks with a prompt of so many bytes, and gives the status, or 0 where the connection broke. */
function ask(url: string, bytes: number): Promise<number> {
  const content = 'word '.repeat(bytes / 5)
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content }] })
  return new Promise((resolve) => {
    const sent = request(`${url}/v1/chat/completions`, { method: 'POST', agent }, (response) => {
      response.resume()
      response.on('close', () => resolve(response.statusCode!))
    })
    sent.on('error', () => resolve(0))
    setTimeout(() => sent.destroy(), 5_000).unref()
    sent.end(body)
  })
}

test('a process whose memory is bounded sheds load before the kernel ends it', async (t) => {
  const bounded = group(t)
  if (typeof bounded === 'string') return t.skip(bounded)
  // Two at once, so that nearly all of them wait.
  const origin = await steadyServer(t, { words: 3, wordMs: 200 })
  const config = steadyConfig(origin).replace('concurrency: 1000', 'concurrency: 2').replace('30s', '3s')
  const running = spillway(t, ['serve'], { cwd: folderWith(t, { 'spillway.yaml': config }), under: bounded.under })
  t.after(() => agent.destroy())
  const [, url = '', adminUrl = ''] = await running.says(/Spillway listens on (http:\S+) \(admin (http:[^\s)]+)\)/)
  const statuses: number[] = []
  let highest = 0
  for (let wave = 0; wave < 6; wave += 1) {
    void Promise.all(Array.from({ length: 60 }, async () => statuses.push(await ask(url, 1_000_000))))
    await new Promise((resolve) => setTimeout(resolve, 250))
    const { status } = await fetch(`${adminUrl}/api/pressure`)
    assert.equal(status, 200)
    const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${running.child.pid}/status`, 'utf8'))![1]
    highest = Math.max(highest, Number(rss) / 1024)
  }
  await until(() => statuses.length === 360, 15_000, 'all are answered')
  const counted = Map.groupBy(statuses, (status) => status)
  const told = Array.from(counted, ([status, all]) => `${all.length} x ${status}`).join(', ')
  t.diagnostic(`at most ${highest.toFixed(0)} of 384 MB; ${told}`)
  assert.equal(bounded.kills(), 0)
  assert.ok(counted.get(503)!.length > 0)
  await until(async () => (await ask(url, 100)) === 200, 10_000, 'people are served again')
  running.child.kill('SIGTERM')
  assert.equal((await running.ended).code, 0)
})
