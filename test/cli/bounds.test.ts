import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { folderWith, type Running, spillway } from '../../src/cli/process.test-helper.ts'
import { chat, configFor, ollama } from './rig.ts'

const canLimit = spawnSync('prlimit', ['--version']).status === 0

interface Limited {
  readonly running: Running
  readonly url: string
  readonly adminUrl: string
}

/** `spillway serve` with no more than so many files. */
async function withFiles(t: TestContext, files?: number): Promise<Limited> {
  const cwd = folderWith(t, { 'spillway.yaml': configFor(await ollama(t)) })
  const under = files === undefined ? [] : ['prlimit', `--nofile=${files}`]
  const running = spillway(t, ['serve'], { cwd, under })
  const [, url = '', adminUrl = ''] = await running.says(/Spillway listens on (http:\S+) \(admin (http:[^\s)]+)\)/)
  return { running, url, adminUrl }
}

function knock(t: TestContext, url: string, times: number): { readonly all: Socket[]; readonly shut: Promise<void> } {
  const port = Number(new URL(url).port)
  const all = Array.from({ length: times }, () => connect({ port, host: '127.0.0.1' }))
  let left = times
  const shut = Promise.withResolvers<void>()
  for (const socket of all) {
    socket.on('error', () => {})
    socket.on('close', () => void ((left -= 1) <= 8 && shut.resolve()))
  }
  t.after(() => all.forEach((socket) => socket.destroy()))
  return { all, shut: shut.promise }
}

const metricOf = (text: string, name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])

suite('A process with few files', { skip: canLimit ? false : 'there is no prlimit here' }, () => {
  for (const files of [60, 80]) {
    test(`outlives many more connections than its ${files} files, and its operator is heard`, async (t) => {
      const { running, url, adminUrl } = await withFiles(t, files)
      assert.equal((await chat(url)).status, 200)
      const { all, shut } = knock(t, url, 100)
      await shut
      const metrics = await (await fetch(`${adminUrl}/metrics`)).text()
      assert.equal(metricOf(metrics, 'spillway_connections_max'), 4)
      assert.match(metrics, /^spillway_connections_cut_total\{reason="too_many"\} \d\d/m)
      // As many as may are in, and at most one that hears why it is not.
      const inside = async (): Promise<number> =>
        ((await (await fetch(`${adminUrl}/api/pressure`)).json()) as { connections: number }).connections
      const from = performance.now()
      while ((await inside()) > 5) assert.ok(performance.now() - from < 2_000, 'more are in than may')
      for (const socket of all) socket.destroy()
      await isServedAgain(url)
      running.child.kill('SIGTERM')
      assert.equal((await running.ended).code, 0)
    })
  }

  test('whose last file is taken by strangers outlives it, and makes room for its operator', async (t) => {
    const { running, url, adminUrl } = await withFiles(t)
    assert.equal((await chat(url)).status, 200)
    const open = metricOf(await (await fetch(`${adminUrl}/metrics`)).text(), 'process_open_fds')
    // Under its feet, when it believes to have thousands.
    spawnSync('prlimit', [`--pid=${running.child.pid}`, `--nofile=${open + 4}`])
    const { all } = knock(t, url, 60)
    const heard = async (): Promise<boolean> => (await fetch(`${adminUrl}/metrics`).catch(() => undefined))?.ok === true
    const from = performance.now()
    while (!(await heard())) assert.ok(performance.now() - from < 5_000, 'the operator is not heard')
    for (const socket of all) socket.destroy()
    await isServedAgain(url)
    running.child.kill('SIGTERM')
    assert.equal((await running.ended).code, 0)
  })
})

async function isServedAgain(url: string): Promise<void> {
  const from = performance.now()
  while ((await chat(url).catch(() => undefined))?.status !== 200)
    assert.ok(performance.now() - from < 5_000, 'nobody is served any more')
}

test('a log that nobody reads holds up nothing, and what is lost of it is counted', async (t) => {
  const cwd = folderWith(t, { 'spillway.yaml': configFor(await ollama(t), 'log: { level: debug }\n') })
  const running = spillway(t, ['serve'], { cwd })
  const [, url, adminUrl] = await running.says(/Spillway listens on (http:\S+) \(admin (http:[^\s)]+)\)/)
  running.child.stdout!.pause()
  const dropped = async (): Promise<number> =>
    metricOf(await (await fetch(`${adminUrl}/metrics`)).text(), 'spillway_log_lines_dropped_total')
  assert.equal(await dropped(), 0)
  // A model's name is in the line.
  const model = 'x'.repeat(120)
  for (let asked = 0; asked < 5_000 && (await dropped()) === 0; asked += 100) {
    const all = await Promise.all(Array.from({ length: 100 }, () => chat(url!, { model })))
    for (const { status } of all) assert.equal(status, 404)
    await Promise.all(all.map((response) => response.text()))
  }
  assert.ok((await dropped()) > 0)
})
