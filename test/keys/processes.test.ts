/** Keys as people have them: a gateway that runs, and a command line beside it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ends, folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { chat, configFor, ollama, serve } from '../cli/rig.ts'

/** What a command says on standard output, without the end of the line. */
async function said(t: Ends, cwd: string, ...words: readonly string[]): Promise<string> {
  const { code, out, err } = await spillway(t, ['keys', ...words], { cwd }).ended
  assert.equal(code, 0, err)
  return out.trim()
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })

/** From now until it is answered so; measured from before the command began. */
async function statusWithin(url: string, key: string, wanted: number): Promise<number> {
  const startedAt = performance.now()
  for (;;) {
    const { status } = await chat(url, {}, bearer(key))
    const tookMs = performance.now() - startedAt
    if (status === wanted) return tookMs
    assert.ok(tookMs < 5_000, `still ${status}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('a gateway that runs takes up within a second what the command line does with keys', async (t) => {
  const { url, cwd, running } = await serve(t, configFor(await ollama(t)))
  assert.equal((await chat(url)).status, 200, 'nobody has a key so far')
  const key = await said(t, cwd, 'create', 'chat-ui')
  const tookMs = [await statusWithin(url, key, 200)]
  tookMs.push(await statusWithin(url, '', 401))
  const rotated = await said(t, cwd, 'rotate', 'chat-ui', '--overlap', '0')
  tookMs.push(await statusWithin(url, key, 401), await statusWithin(url, rotated, 200))
  await said(t, cwd, 'set', 'chat-ui', '--models', 'another')
  tookMs.push(await statusWithin(url, rotated, 403))
  await said(t, cwd, 'revoke', 'chat-ui')
  tookMs.push(await statusWithin(url, rotated, 401))
  assert.ok(Math.max(...tookMs) < 1_500, tookMs.map(Math.round).join(', '))
  running.child.kill('SIGTERM')
  const { code, out } = await running.ended
  assert.equal(code, 0)
  for (const secret of [key, rotated]) assert.ok(!out.includes(secret.slice(20)))
})

test('T1: a port that others can reach is opened with a key in the database, or where all may come, and not otherwise', async (t) => {
  const wide = (more = ''): string => configFor('http://127.0.0.1:1', more).replace('127.0.0.1:0', '0.0.0.0:0')
  const cwd = folderWith(t, { 'spillway.yaml': wide(), 'open.yaml': wide('anonymous: { allowed: true }\n') })
  const refused = await spillway(t, ['serve'], { cwd }).ended
  assert.equal(refused.code, 1)
  assert.match(refused.err, /^spillway\.yaml:1:9 listen: .* make a key with "spillway keys create NAME"/)
  const checked = await spillway(t, ['check'], { cwd }).ended
  assert.deepEqual([checked.code, checked.err], [1, refused.err])
  const open = spillway(t, ['serve', '--config', 'open.yaml'], { cwd })
  await open.says(/Spillway listens on/)
  open.child.kill('SIGKILL')
  await said(t, cwd, 'create', 'chat-ui')
  const served = spillway(t, ['serve'], { cwd })
  const [, url] = await served.says(/Spillway listens on (http:\S+)/)
  assert.equal((await chat(url!.replace('0.0.0.0', '127.0.0.1'))).status, 401)
})
