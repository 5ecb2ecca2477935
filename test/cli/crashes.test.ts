import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { chat, configFor, ollama, openStream } from './rig.ts'

const pidAt = async (adminUrl: string): Promise<number> =>
  ((await (await fetch(`${adminUrl}/api/status`)).json()) as { pid: number }).pid

/** A fault in the process, to be had by a signal. */
const faulty = `process.on('SIGWINCH', () => { throw new TypeError('sk-secret of somebody') })`

test('a bug that ends the process costs its own streams and nobody else, and is told without a word of theirs', async (t) => {
  const cwd = folderWith(t, { 'faulty.mjs': faulty })
  writeFileSync(join(cwd, 'spillway.yaml'), configFor(await ollama(t)))
  const env = { NODE_OPTIONS: `--import=${pathToFileURL(join(cwd, 'faulty.mjs')).href}` }
  const running = spillway(t, ['serve', '--supervised'], { cwd, env })
  const [, url = '', adminUrl = ''] = await running.says(/Spillway listens on (http:\S+) \(admin (http:[^\s)]+)\)/)
  const pid = await pidAt(adminUrl)
  const lost = await openStream(url, 100_000)
  const crashedAt = performance.now()
  process.kill(pid, 'SIGWINCH')
  await assert.rejects(lost.whole)
  const answers = await Promise.all(Array.from({ length: 20 }, () => chat(url)))
  t.diagnostic(`served ${(performance.now() - crashedAt).toFixed(0)} ms after the crash`)
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  assert.notEqual(await pidAt(adminUrl), pid)
  running.child.kill('SIGTERM')
  const { code, out, err } = await running.ended
  assert.equal(code, 0)
  assert.match(out, /A fault of Spillway itself ends this process: TypeError at .*faulty\.mjs/)
  assert.match(out, new RegExp(`Process ${pid} ended \\(1\\)\\. Another one starts\\.`))
  assert.doesNotMatch(out + err, /sk-secret/)
})

test('a process that stands still for a while is told of after two seconds, and goes on with its streams', async (t) => {
  const cwd = folderWith(t, { 'spillway.yaml': configFor(await ollama(t)) })
  const running = spillway(t, ['serve', '--supervised'], { cwd })
  const [, url = '', adminUrl = ''] = await running.says(/Spillway listens on (http:\S+) \(admin (http:[^\s)]+)\)/)
  const pid = await pidAt(adminUrl)
  const { whole } = await openStream(url, 200)
  const stoppedAt = performance.now()
  process.kill(pid, 'SIGSTOP')
  await running.says(new RegExp(`Process ${pid} has stood still for 2 s\\.`))
  const foundMs = performance.now() - stoppedAt
  t.diagnostic(`found out after ${foundMs.toFixed(0)} ms`)
  process.kill(pid, 'SIGCONT')
  assert.match(await whole, /\[DONE\]/)
  assert.equal(await pidAt(adminUrl), pid)
  // It is the fifth look without a word at the latest that tells.
  assert.ok(foundMs >= 1_400 && foundMs < 6_000, `${foundMs} ms`)
})
