import assert from 'node:assert/strict'
import { test } from 'node:test'
import { get, listen, read } from './h1/wire.test-helper.ts'
import { realWorld } from './world.ts'

for (const transport of ['own', 'undici'] as const) {
  test(`the world sends over the transport ${transport}, until it is closed`, async (context) => {
    const wire = await listen(({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
    context.after(() => wire.close())
    const world = realWorld({ transport })
    assert.equal((await read(await world.send(get(wire.origin)))).toString(), 'ok')
    await world.close()
    await assert.rejects(world.send(get(wire.origin)))
  })
}

test('a world that never sent anything can be closed', async () => {
  await realWorld({ transport: 'undici' }).close()
  await realWorld().close()
})

test('sleep ends in time, or at once when the signal fires, and never rejects', async () => {
  const world = realWorld()
  const startedAt = world.now()
  await world.sleep(5)
  // Timers may fire up to a millisecond early by this clock.
  assert.ok(world.now() - startedAt >= 4)
  await world.sleep(60_000, AbortSignal.abort())
  const cut = new AbortController()
  const asleep = world.sleep(60_000, cut.signal)
  cut.abort()
  await asleep
})

test('chance is between 0 and 1, and the date is of this century', () => {
  const world = realWorld()
  const chance = world.random()
  assert.ok(chance >= 0 && chance < 1)
  assert.ok(world.epochMs() > Date.UTC(2026, 0))
})
