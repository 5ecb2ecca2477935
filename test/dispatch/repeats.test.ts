import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixture } from '../conformance/fixtures.ts'
import { answer, readAll, rig, settled } from './scripted.ts'

const { chunks } = fixture('ollama/chat-repeat-guard-stream')

const body = { model: 'm', messages: [{ role: 'user', content: 'Say something.' }] }

for (const dialect of ['ollama-chat', 'openai-chat', 'anthropic-messages']) {
  for (const stream of dialect === 'ollama-chat' ? [true] : [true, false]) {
    const how = `${dialect}${stream ? '' : ', in one piece'}`
    test(`an answer that its server gave up over repeats is told as that, and asked for once: ${how}`, async () => {
      const act = (): ReturnType<typeof answer> => answer(chunks)
      const on = rig({ one: { kind: 'ollama', act }, two: { kind: 'ollama', act } })
      const told = { kind: 'upstream-refused', status: 502, message: /repeated itself/ }
      const asked = { ...body, stream, max_tokens: 100 }
      if (stream) {
        const reply = await on.ask(asked, { dialect })
        await assert.rejects(readAll(reply), told)
        assert.equal((await settled(reply, on)).attempts, 1)
      } else await assert.rejects(on.ask(asked, { dialect }), told)
      assert.equal(on.heard.get('one')!.length + on.heard.get('two')!.length, 1)
      const now = on.gateway.world.now()
      for (const upstream of on.gateway.fleet.upstreams) assert.equal(upstream.place('m').state(now), 'well')
    })
  }
}

test('an answer that breaks off without repeats is the fault of its server, and goes on elsewhere', async () => {
  const act = (): ReturnType<typeof answer> => answer(chunks.slice(0, 20))
  const on = rig({ one: { kind: 'ollama', act }, two: { kind: 'ollama', act } })
  await assert.rejects(on.ask({ ...body, stream: false }), { kind: 'upstream-broke' })
  assert.equal(on.heard.get('one')!.length + on.heard.get('two')!.length, 2)
})
