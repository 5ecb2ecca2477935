import assert from 'node:assert/strict'
import { test } from 'node:test'
import { usualHedge } from '../../src/core/settings.ts'
import type { Inbound } from '../../src/core/world.ts'
import { FakeWorld } from '../../src/fleet/fake-world.test-helper.ts'
import { FakePurse } from './fake-purse.ts'
import { type Act, answer, readAll, type Rig, rig, type ScriptedServer, silentAfter, wholeStream } from './scripted.ts'

const streamed = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true }
const quick: Act = () => answer(wholeStream)

interface Stage {
  readonly on: Rig
  readonly world: FakeWorld
  readonly purse: FakePurse
  readonly home: { act: Act }
  readonly sky: { act: Act }
}

/** A server at home and one that costs money, both known well, where the second may be asked beside the first. */
async function stage(): Promise<Stage> {
  const world = new FakeWorld()
  const purse = new FakePurse()
  const [home, sky] = [{ act: quick }, { act: quick }]
  const servers: Record<string, ScriptedServer> = {
    home: { kind: 'openai-compatible', act: (out) => home.act(out), concurrency: 1 },
    sky: { kind: 'openai-compatible', act: (out) => sky.act(out), tier: 1 },
  }
  const on = rig(servers, { hedge: { ...usualHedge, cloud: true } }, world, [purse.layer])
  for (let at = 0; at < 100; at += 1) {
    // With no patience the second of two goes out, so that both are known.
    const replies = await Promise.all([on.ask(streamed), on.ask(streamed, { patienceMs: 0 })])
    for (const reply of replies) await readAll(reply)
  }
  purse.held.length = 0
  on.heard.get('sky')!.length = 0
  return { on, world, purse, home, sky }
}

const silent: Act = (out) => silentAfter([], out)

test('a second try is paid for before it is asked, and what it says is what it costs', async () => {
  const { on, world, purse, home } = await stage()
  home.act = silent
  const asked = on.ask(streamed)
  await world.advance(900)
  const reply = await asked
  await readAll(reply)
  assert.deepEqual([reply.upstream, purse.tries], ['sky', ['sky: 7+2']])
})

test('a second try that is hung up on may have been run, and costs its prompt', async () => {
  const { on, world, purse, home, sky } = await stage()
  const speaks = Promise.withResolvers<Inbound>()
  home.act = () => speaks.promise
  sky.act = silent
  const asked = on.ask(streamed)
  await world.advance(900)
  speaks.resolve(answer(wholeStream))
  const reply = await asked
  await readAll(reply)
  assert.equal(reply.upstream, 'home')
  assert.match(purse.tries.join(), /^sky: [1-9]\d*\+0 estimated$/)
})

test('when the first speaks while a second one is being paid for, that is never asked and costs nothing', async () => {
  const { on, world, purse, home } = await stage()
  const speaks = Promise.withResolvers<Inbound>()
  const paid = Promise.withResolvers<void>()
  purse.slowness = paid.promise
  home.act = () => speaks.promise
  const asked = on.ask(streamed)
  await world.advance(900)
  speaks.resolve(answer(wholeStream))
  await readAll(await asked)
  paid.resolve()
  await world.settle()
  assert.deepEqual([on.heard.get('sky')!.length, purse.tries], [0, ['sky: free']])
  for (const { inFlight } of on.gateway.fleet.upstreams) assert.equal(inFlight, 0)
})

test('where a second one cannot be paid for, the first is waited for', async () => {
  const { on, world, purse, home } = await stage()
  const speaks = Promise.withResolvers<Inbound>()
  purse.shortOf.add('sky')
  home.act = () => speaks.promise
  const asked = on.ask(streamed)
  await world.advance(900)
  speaks.resolve(answer(wholeStream))
  const reply = await asked
  await readAll(reply)
  assert.deepEqual([reply.upstream, on.heard.get('sky')!.length, purse.tries], ['home', 0, []])
  assert.equal(on.events.filter(({ type }) => type === 'ask-hedged').length, 0)
})

test('a caller who goes while a second one is being paid for takes both with him', async () => {
  const { on, world, purse, home } = await stage()
  const paid = Promise.withResolvers<void>()
  purse.slowness = paid.promise
  home.act = silent
  const gone = new AbortController()
  const asked = on.ask(streamed, { signal: gone.signal })
  await world.advance(900)
  gone.abort()
  await assert.rejects(asked, { kind: 'cancelled' })
  for (const { inFlight } of on.gateway.fleet.upstreams) assert.equal(inFlight, 0)
  paid.resolve()
  await world.settle()
  assert.deepEqual([on.heard.get('sky')!.length, purse.tries], [0, ['sky: free']])
})
