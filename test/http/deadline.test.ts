import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf } from '../e2e/raw.ts'
import { stage } from '../e2e/rig.ts'

const path = '/v1/chat/completions'
const body = bodyOf('Say 3 words.', false)

test('patience and deadline are those of the header, else of the caller, else of the queue', async (t) => {
  const { url, events } = await stage(t, 'ollama', {
    config: {
      queue: { patience: '7s', deadline: '1m' },
      callers: [
        { name: 'own', key: 'own', patience: '3s', deadline: '20s' },
        { name: 'plain', key: 'plain' },
      ],
    },
  })
  const ask = async (key: string, headers: Readonly<Record<string, string>> = {}): Promise<(number | undefined)[]> => {
    const answer = await fetch(url + path, { method: 'POST', headers: { 'x-api-key': key, ...headers }, body })
    assert.equal(answer.status, 200)
    await answer.text()
    const granted = events.findLast((event) => event.type === 'ask-granted')!
    return [granted.ask.patienceMs, granted.ask.deadlineMs]
  }
  assert.deepEqual(await ask('plain'), [7_000, 60_000])
  assert.deepEqual(await ask('own'), [3_000, 20_000])
  assert.deepEqual(await ask('own', { 'x-spillway-deadline-ms': '900' }), [3_000, 900])
  assert.deepEqual(await ask('own', { 'x-spillway-patience-ms': '2s' }), [2_000, 20_000])
})

test('without a word on it there is no deadline', async (t) => {
  const { url, events } = await stage(t, 'ollama')
  await (await fetch(url + path, { method: 'POST', body })).text()
  assert.equal(events.findLast((event) => event.type === 'ask-granted')!.ask.deadlineMs, undefined)
})
