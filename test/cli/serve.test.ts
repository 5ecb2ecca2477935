import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { recital } from '../../src/sim/recital.ts'
import { chat, configFor, ollama, openStream, serve } from './rig.ts'

test('three lines of configuration are a gateway that answers, counts, and ends with 0', async (t) => {
  const { running, url, adminUrl } = await serve(t, configFor(await ollama(t)))
  const answer = await chat(url)
  assert.deepEqual([answer.status, answer.headers.get('x-spillway-upstream')], [200, 'box'])
  const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] }
  assert.equal(choices[0]?.message.content, recital('Say 3 words.'))
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text()
  assert.match(metrics, /^spillway_upstream_up\{upstream="box"\} 1$/m)
  running.child.kill('SIGTERM')
  const { code, err } = await running.ended
  assert.deepEqual([code, err], [0, ''])
})

test('a stream under way at SIGTERM is heard to its last word', async (t) => {
  const stepMs = [
    [1, 20],
    [2, 20],
  ] as const
  const { running, url } = await serve(t, configFor(await ollama(t, { engine: { stepMs } })))
  const { whole } = await openStream(url, 60)
  running.child.kill('SIGTERM')
  await running.says(/Ending\. Requests under way: 1\./)
  const text = Array.from((await whole).matchAll(/^data: (\{.*)$/gm), ([, json]) => {
    const { choices } = JSON.parse(json!) as { choices: { delta: { content?: string } }[] }
    return choices[0]?.delta.content ?? ''
  })
  assert.equal(text.join(''), recital('Say 60 words.'))
  assert.match(await whole, /data: \[DONE\]\n\n$/)
  assert.equal((await running.ended).code, 0)
})

test('whoever stops reading its log does not stop the gateway', async (t) => {
  const { running, url } = await serve(t, configFor(await ollama(t)))
  running.child.stdout?.destroy()
  for (let i = 0; i < 3; i += 1) {
    assert.equal((await chat(url)).status, 200)
    // Long enough for the log to be written, into nothing.
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
  running.child.kill('SIGTERM')
  assert.equal((await running.ended).code, 0)
})

test('with keys it may be opened to strangers, who then need one; without a token its admin port may not', async (t) => {
  const config = configFor(await ollama(t), 'callers:\n  - { name: chat, key: ${CHAT_KEY} }\n')
  const { url, cwd } = await serve(t, config, ['--listen', '0.0.0.0:0'])
  assert.match(url, /^http:\/\/0\.0\.0\.0:/)
  const near = url.replace('0.0.0.0', '127.0.0.1')
  assert.equal((await chat(near)).status, 401)
  assert.equal((await chat(near, {}, { authorization: 'Bearer key-of-chat' })).status, 200)
  const around = { cwd, env: { CHAT_KEY: 'key-of-chat' } }
  const refused = await spillway(t, ['serve', '--admin', '[::]:0'], around).ended
  assert.deepEqual([refused.code, refused.out], [1, ''])
  assert.match(refused.err, /^admin\.listen: "\[::\]:0" can be reached from other machines; set admin\.token.*\n$/)
})

/** Where it looks for servers when nobody says where they are. */
const usualPorts = [11_434, 1_234, 8_000, 8_080, 30_000, 52_415]

test('without a file and without a server it says in one sentence where it looked and what to do', async (t) => {
  const taken = await Promise.all(usualPorts.map(isTaken))
  if (taken.includes(true)) return t.skip(`somebody listens on port ${usualPorts[taken.indexOf(true)]} of this machine`)
  const { code, out, err } = await spillway(t, ['serve'], { cwd: folderWith(t, {}) }).ended
  assert.deepEqual([code, out], [1, ''])
  assert.match(err, /^There is no spillway\.yaml here, and no server answers on the usual ports of this machine/)
  for (const port of usualPorts) assert.ok(err.includes(String(port)), err)
  assert.match(err, /Start one, or write a spillway\.yaml; "spillway demo" needs neither\.\n$/)
})

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const told = (taken: boolean): void => {
      socket.destroy()
      resolve(taken)
    }
    socket.once('connect', () => told(true)).once('error', () => told(false))
  })
}
