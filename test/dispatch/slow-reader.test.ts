import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type Inbound, NetFault, type Outbound } from '../../src/core/world.ts'
import { frame, rig } from './scripted.ts'

const body = { model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] }

/** An answer that breaks off when it is called off, as it does on a socket. */
const whileWanted = (chunks: readonly string[], { signal }: Outbound): Inbound => ({
  status: 200,
  headers: {},
  body: (async function* () {
    for (const chunk of chunks) {
      if (signal?.aborted === true) throw new NetFault('aborted', 'aborted')
      yield Buffer.from(chunk)
      await Promise.resolve()
    }
  })(),
})

test('a server is not late because its caller does not read', async () => {
  const chunks = [frame({ content: 'one' }), frame({ content: 'two' }), frame({}, 'stop'), 'data: [DONE]\n\n']
  const box = rig(
    { box: { kind: 'openai-compatible', act: (out) => whileWanted(chunks, out) } },
    { timeouts: { connectMs: 1_000, firstTokenMs: 60_000, gapMs: 100 } },
  )
  const reply = await box.ask(body)
  const reader = reply.body[Symbol.asyncIterator]()
  let heard = Buffer.from((await reader.next()).value as Uint8Array).toString()
  // Three looks of the clock that watches over gaps.
  await wait(800)
  assert.equal(box.gateway.fleet.upstreams[0]?.inFlight, 1)
  for (let step = await reader.next(); step.done !== true; step = await reader.next())
    heard += Buffer.from(step.value).toString()
  assert.equal(heard, chunks.join(''))
  assert.equal((await reply.outcome).fault, undefined)
  assert.deepEqual(
    box.events.filter(({ type }) => type === 'attempt-failed'),
    [],
  )
})
