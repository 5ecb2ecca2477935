import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import type { Position } from '../../src/core/dialect.ts'
import { Fault } from '../../src/core/fault.ts'
import type { Reply } from '../../src/core/reply.ts'
import { FakeWorld } from '../../src/fleet/fake-world.test-helper.ts'
import { openDoor, type OpenDoor, replyOf, until } from './fake-gateway.ts'

const messages = [{ role: 'user', content: 'hi' }]

/** What each dialect says to who waits, third in a queue. */
const dialects = [
  ['/v1/chat/completions', { messages }, ': queued 3, about 12 s\n\n'],
  ['/v1/completions', { prompt: 'hi' }, ': queued 3, about 12 s\n\n'],
  ['/v1/responses', { input: 'hi' }, ': queued 3, about 12 s\n\n'],
  ['/v1/messages', { messages, max_tokens: 9 }, 'event: ping\ndata: {"type": "ping"}\n\n'],
  [
    '/api/chat',
    { messages },
    '{"model":"M:latest","created_at":"DATE","message":{"role":"assistant","content":""},"done":false}\n',
  ],
  ['/api/generate', { prompt: 'hi' }, '{"model":"M:latest","created_at":"DATE","response":"","done":false}\n'],
] as const

interface Waiting extends OpenDoor {
  readonly world: FakeWorld
  readonly reply: PromiseWithResolvers<Reply>
  /** Asks for a stream. */
  readonly ask: (path?: string, body?: object, signal?: AbortSignal) => Promise<Response>
}

/** A door to a gateway that takes its time: until a test says so, nothing comes, and no time passes. */
async function waiting(
  t: TestContext,
  { beats = true, position }: { beats?: boolean; position?: Position } = {},
): Promise<Waiting> {
  const world = new FakeWorld()
  const reply = Promise.withResolvers<Reply>()
  const door = await openDoor(t, {
    world,
    serve: () => reply.promise,
    ...(beats && { heartbeatMs: 10_000 }),
    ...(position && { position }),
  })
  const ask: Waiting['ask'] = async (path = '/v1/chat/completions', body = { messages }, signal) => {
    const asked = door.asks.length
    const answer = fetch(door.url + path, {
      method: 'POST',
      body: JSON.stringify({ model: 'M:latest', stream: true, ...body }),
      ...(signal && { signal }),
    })
    await until(() => door.asks.length > asked, 'the ask came')
    return answer
  }
  return { ...door, world, reply, ask }
}

const third = { ahead: 2, firstTokenMs: 11_200 }

suite('Who waits for a stream', () => {
  for (const [path, body, sign] of dialects) {
    test(`hears of it on ${path}, at first after a while and then again, and then the answer`, async (t) => {
      const { world, ask, reply, asks } = await waiting(t, { position: third })
      const answer = ask(path, body)
      await until(() => asks.length === 1, 'the ask came')
      await world.advance(9_500)
      let begun = false
      void answer.then(() => (begun = true))
      await new Promise((resolve) => setTimeout(resolve, 20))
      assert.equal(begun, false, 'as long as it can, it keeps the status')
      await world.advance(11_500)
      const { status, headers, body: bytes } = await answer
      assert.deepEqual([status, headers.get('x-spillway-upstream')], [200, null])
      assert.notEqual(headers.get('x-request-id'), null)
      reply.resolve(replyOf(['THE ANSWER']))
      await world.advance(60_000)
      const heard = await new Response(bytes).text()
      assert.equal(heard.replaceAll(/\d{4}-[\d-]+T[\d:.]+Z/g, 'DATE'), `${sign}${sign}THE ANSWER`)
    })

    test(`is told on ${path} in the stream what went wrong, and not that it is whole`, async (t) => {
      const { world, ask, reply, asks } = await waiting(t)
      const answer = ask(path, body)
      await until(() => asks.length === 1, 'the ask came')
      await world.advance(10_500)
      reply.reject(new Fault('upstream-broke', 'The server box broke.'))
      const heard = await (await answer).text()
      assert.match(heard, /The server box broke\./)
      assert.doesNotMatch(heard, /\[DONE\]|"done": ?true|message_stop|response\.completed/)
    })
  }

  test('is told with the status of its own what goes wrong before', async (t) => {
    const { world, ask, reply, asks } = await waiting(t)
    const answer = ask()
    await until(() => asks.length === 1, 'the ask came')
    await world.advance(9_000)
    reply.reject(new Fault('patience-spent', 'No room.'))
    assert.equal((await answer).status, 429)
  })

  test('hears that it is no longer in the queue', async (t) => {
    const { world, ask, reply, asks } = await waiting(t)
    const answer = ask()
    await until(() => asks.length === 1, 'the ask came')
    await world.advance(10_500)
    const { body } = await answer
    reply.resolve(replyOf(['data: 1\n\n']))
    assert.equal(await new Response(body).text(), ': waiting for the first token\n\ndata: 1\n\n')
  })

  test('and hangs up is gone, and no clock runs on for it', async (t) => {
    const { world, ask, reply, asks } = await waiting(t)
    const leaving = new AbortController()
    const { sleeping } = world
    const answer = ask(undefined, undefined, leaving.signal)
    await until(() => asks.length === 1, 'the ask came')
    await world.advance(10_500)
    await answer
    leaving.abort()
    await until(() => asks[0]!.signal.aborted, 'it was noticed')
    reply.reject(new Fault('cancelled', 'The caller went away.'))
    await world.advance(60_000)
    assert.equal(world.sleeping, sleeping)
  })

  test('hears nothing where nobody wants that, nor in an answer of one piece', async (t) => {
    const off = await waiting(t, { beats: false })
    const on = await waiting(t)
    for (const { world, ask, reply, asks } of [off, on]) {
      const isStream = asks === off.asks
      const answer = ask(undefined, { messages, stream: isStream })
      await until(() => asks.length === 1, 'the ask came')
      await world.advance(60_000)
      reply.resolve(replyOf(['{}\n\n'], { stream: isStream }))
      assert.equal(await (await answer).text(), '{}\n\n')
    }
  })
})
