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
async function withFiles(t: TestContext, files: number): Promise<Limited> {
  const cwd = folderWith(t, { 'spillway.yaml': configFor(await ollama(t)) })
  const running = spillway(t, ['serve'], { cwd, under: ['prlimit', `--nofile=${files}`] })
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
  for (const files of [40, 64]) {
    test(`outlives many more connections than its ${files} files, and its operator is heard`, async (t) => {
      const { running, url, adminUrl } = await withFiles(t, files)
      assert.equal((await chat(url)).status, 200)
      const { all, shut } = knock(t, url, 100)
      await shut
      // As many as may are in, and they stay.
      const [metrics, pressure] = await Promise.all(
        ['/metrics', '/api/pressure'].map(async (path) => (await fetch(adminUrl + path)).text()),
      )
      assert.equal(metricOf(metrics!, 'spillway_connections_max'), 4)
      assert.ok(metricOf(metrics!, 'spillway_connections') <= 5)
      assert.ok((JSON.parse(pressure!) as { shares: { files: number } }).shares.files > 0)
      assert.match(metrics!, /^spillway_connections_cut_total\{reason="too_many"\} \d\d/m)

      for (const socket of all) socket.destroy()
      const released = performance.now()
      while ((await chat(url).catch(() => undefined))?.status !== 200)
        assert.ok(performance.now() - released < 5_000, 'nobody is let in any more')
      running.child.kill('SIGTERM')
      assert.equal((await running.ended).code, 0)
    })
  }
})

test('a log that nobody reads holds up nothing, and what is lost of it is counted', async (t) => {
  const cwd = folderWith(t, { 'spillway.yaml': configFor(await ollama(t), 'log: { level: debug }\n') })
  const { child, says } = spillway(t, ['serve'], { cwd })
  const [, url, adminUrl] = await says(/Spillway listens on (http:\S+) \(admin (http:[^\s)]+)\)/)
  child.stdout!.pause()
  const dropped = async (): Promise<number> =>
    metricOf(await (await fetch(`${adminUrl}/metrics`)).text(), 'spillway_log_lines_dropped_total')
  assert.equal(await dropped(), 0)
  // A model's name is in the line.
  const model = 'x'.repeat(120)
  for (let asked = 0; asked < 5_000 && (await dropped()) === 0; asked += 100) {
    const all = await Promise.all(Array.from({ length: 100 }, () => chat(url!, { model })))
    for (const { status } of all) assert.equal(status, 404)
    await Promise.all(all.map(({ body }) => body?.cancel()))
  }
  assert.ok((await dropped()) > 0)
})
