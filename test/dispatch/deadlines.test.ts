import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Timeouts } from '../../src/core/settings.ts'
import { type Inbound, NetFault, type Outbound } from '../../src/core/world.ts'
import { SimWorld } from '../../src/sim/world.ts'
import { answer, done, frame, readAll, type Rig, rig, type ScriptedServer, wholeStream } from './scripted.ts'

const chat = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const streamed = { ...chat, stream: true }
const minutes = 60_000
const timeouts: Timeouts = { connectMs: 1_000, firstTokenMs: 5 * minutes, gapMs: minutes, totalMs: 30 * minutes }
const queue = { max: 10, patienceMs: 5_000 }
const kind = 'openai-compatible'

/** A server whose chunks come after these waits, in virtual time; it ends when it is hung up on. */
function paced(world: SimWorld, steps: Iterable<readonly [waitMs: number, chunk: string]>): ScriptedServer['act'] {
  return ({ signal }: Outbound): Inbound => ({
    status: 200,
    headers: {},
    body: (async function* () {
      for (const [waitMs, chunk] of steps) {
        await world.sleep(waitMs, signal)
        if (signal?.aborted === true) throw new NetFault('aborted', 'aborted')
        yield Buffer.from(chunk)
      }
    })(),
  })
}

const speaks = (world: SimWorld, afterMs: number) =>
  paced(
    world,
    wholeStream.map((chunk, at) => [at === 0 ? afterMs : 10, chunk] as const),
  )
const hangs = (world: SimWorld) => paced(world, [[Infinity, '']])

async function heard(on: Rig): Promise<{ upstream: string; text: string }> {
  const reply = await on.ask(streamed)
  const text = Buffer.concat(await readAll(reply)).toString()
  return { upstream: (await reply.outcome).upstream, text }
}

test('a first token may take six minutes, where that is configured: no wall of five stands anywhere', async () => {
  const world = new SimWorld(1)
  const box = { kind, act: speaks(world, 6 * minutes) } as const
  const on = rig({ box }, { timeouts: { ...timeouts, firstTokenMs: 10 * minutes } }, world)
  assert.match((await world.run(heard(on))).text, /"Hel"[^]*\[DONE\]/)
  assert.ok(world.now() > 6 * minutes)
  const strict = rig({ box }, { timeouts }, world)
  const askedAt = world.now()
  await assert.rejects(world.run(strict.ask(streamed)), {
    kind: 'upstream-slow',
    status: 504,
    message: /no first token/,
  })
  const tookMs = world.now() - askedAt
  assert.ok(tookMs >= 5 * minutes && tookMs <= 5 * minutes + 250, `${tookMs}`)
})

test('once it is known how soon first tokens come, a hang is cut within one and a half times the latest of them, however often', async () => {
  const world = new SimWorld(1)
  const chance = world.chance('first tokens')
  let hung = false
  const act = (out: Outbound): Inbound | Promise<Inbound> =>
    (hung ? hangs(world) : speaks(world, 1_500 + 1_500 * chance()))(out)
  const on = rig(
    { one: { kind, act }, two: { kind, act: speaks(world, 100), tier: 1 } },
    { timeouts, queue, hedge: { share: 0, cloud: false } },
    world,
  )
  for (let i = 0; i < 120; i += 1) await world.run(heard(on))
  const cutAfterMs = async (): Promise<number> => {
    hung = true
    const askedAt = world.now()
    assert.equal((await world.run(heard(on))).upstream, 'two')
    hung = false
    return world.now() - askedAt
  }
  const tookMs = await cutAfterMs()
  // The latest of a hundred came after nearly three seconds; then the watchdog looks, and the other one speaks.
  assert.ok(tookMs > 3_000 && tookMs < 3_000 * 1.5, `${tookMs}`)
  const inARow = [await cutAfterMs(), await cutAfterMs(), await cutAfterMs()]
  assert.ok(inARow[2]! > 1.3 * tookMs, `${inARow.join()}: as long as nothing is heard it may have become slower`)
  while ((await world.run(heard(on))).upstream === 'two') await world.run(world.sleep(1_000))
  const againMs = await cutAfterMs()
  assert.ok(againMs < tookMs + 250, `${againMs}: one that speaks as soon as ever has not`)
})

test('where there is no other server, more patience is had with it', async () => {
  const world = new SimWorld(1)
  let hung = false
  const act = (out: Outbound): Inbound | Promise<Inbound> => (hung ? hangs(world) : speaks(world, 1_000))(out)
  const on = rig({ one: { kind, act } }, { timeouts, queue }, world)
  for (let i = 0; i < 120; i += 1) await world.run(heard(on))
  hung = true
  const askedAt = world.now()
  await assert.rejects(world.run(heard(on)), { kind: 'upstream-slow' })
  const tookMs = world.now() - askedAt
  assert.ok(tookMs >= 30_000 && tookMs <= 30_250, `${tookMs}`)
})

test('a model that turns out to be loading is waited for, however quick it was before', async () => {
  const world = new SimWorld(1)
  let firstMs = 1_000
  const one = { kind, act: (out: Outbound) => speaks(world, firstMs)(out) } as const
  const on = rig(
    { one, two: { kind, act: speaks(world, 100), tier: 1 } },
    { timeouts, queue, hedge: { share: 0, cloud: false } },
    world,
  )
  for (let i = 0; i < 120; i += 1) await world.run(heard(on))
  const place = on.gateway.fleet.upstreams[0]!.place('m')
  place.loaded = true
  firstMs = 90_000
  const answered = heard(on)
  await world.run(world.sleep(1_000))
  // A look finds that it had gone from memory.
  place.loaded = false
  assert.equal((await world.run(answered)).upstream, 'one')
})

test('bytes are no progress: a frame that drips in is cut off when it is not whole in time', async () => {
  const world = new SimWorld(1)
  const slow = Array.from(frame({ content: 'lo' }).repeat(100), (letter) => [1_000, letter] as const)
  const act = paced(world, [[10, frame({ content: 'Hel' })], ...slow])
  const on = rig({ box: { kind, act } }, { timeouts: { ...timeouts, gapMs: 20_000 } }, world)
  await assert.rejects(world.run(heard(on)), { kind: 'upstream-slow', message: /mid-stream/ })
  assert.ok(world.now() >= 20_000 && world.now() <= 20_260, `${world.now()}`)
})

test('no answer goes on for longer than the whole of it may, in a stream or in one piece', async () => {
  for (const body of [streamed, chat]) {
    const world = new SimWorld(1)
    const forever = (function* () {
      for (;;) yield [5_000, body === streamed ? frame({ content: 'la' }) : ' '] as const
    })()
    const on = rig(
      { box: { kind, act: paced(world, forever) } },
      { timeouts: { ...timeouts, totalMs: 10 * minutes } },
      world,
    )
    await assert.rejects(world.run(on.ask(body).then(readAll)), { kind: 'upstream-slow', status: 504 })
    assert.ok(world.now() >= 10 * minutes && world.now() <= 10 * minutes + 250, `${world.now()}`)
  }
})

test('a stream that does not stop is cut far beyond what was asked for, and told as broken', async () => {
  for (const dialect of ['openai-chat', 'ollama-chat']) {
    const world = new SimWorld(1)
    let said = 0
    const endless = (function* () {
      for (;;) {
        said += 1
        yield [1, frame({ content: 'la' })] as const
      }
    })()
    const on = rig({ box: { kind, act: paced(world, endless) } }, { timeouts }, world)
    const limit = dialect === 'openai-chat' ? { max_tokens: 100 } : { options: { num_predict: 100 } }
    const reply = on.ask({ ...streamed, ...limit }, { dialect }).then(readAll)
    await assert.rejects(world.run(reply), { kind: 'upstream-broke', message: /did not stop/ })
    assert.ok(said > 200 && said <= 266, `${said}`)
  }
})

test('an answer as long as was asked for is whole, though each token came twice over', async () => {
  const long = [...Array.from({ length: 200 }, () => frame({ content: 'l' })), frame({}, 'stop'), done]
  const on = rig({ box: { kind, act: () => answer(long) } })
  const chunks = await readAll(await on.ask({ ...streamed, max_tokens: 100 }))
  assert.match(Buffer.concat(chunks).toString(), /\[DONE\]/)
})

/** An answer in one piece of so many tokens, after so long. */
const whole = (world: SimWorld, tokens: number, afterMs: number) =>
  paced(world, [
    [
      afterMs,
      JSON.stringify({
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 7, completion_tokens: tokens, total_tokens: 7 + tokens },
      }),
    ],
  ])

interface KnownPair extends Rig {
  readonly askedMs: (body: object) => Promise<readonly [upstream: string, ms: number]>
}

/** Two servers of which the first is known by a hundred answers of two seconds, and then does something else. */
async function knownPair(then: (world: SimWorld) => ScriptedServer['act'], second = true): Promise<KnownPair> {
  const world = new SimWorld(1)
  let isKnown = false
  const act = (out: Outbound): Inbound | Promise<Inbound> => (isKnown ? then(world) : whole(world, 100, 2_000))(out)
  const two: ScriptedServer = { kind, act: whole(world, 100, 100), tier: 1 }
  const servers: Record<string, ScriptedServer> = { one: { kind, act }, ...(second && { two }) }
  const on = rig(servers, { timeouts, queue, hedge: { share: 0, cloud: false } }, world)
  const askedMs = async (body: object): Promise<readonly [string, number]> => {
    const askedAt = world.now()
    const reply = await world.run(on.ask({ ...chat, ...body }).then(async (one) => (await readAll(one), one)))
    return [(await reply.outcome).upstream, world.now() - askedAt]
  }
  for (let i = 0; i < 100; i += 1) await askedMs({})
  isKnown = true
  return { ...on, askedMs }
}

test('an answer in one piece that hangs is given up long before all deadlines, where another server can be asked', async () => {
  const { askedMs } = await knownPair(hangs)
  const [upstream, tookMs] = await askedMs({ max_tokens: 200 })
  assert.equal(upstream, 'two')
  assert.ok(tookMs >= 30_000 && tookMs <= 30_500, `${tookMs}`)
})

test('where there is no other server, it is waited for until the last deadline', async () => {
  const { askedMs, gateway } = await knownPair(hangs, false)
  const askedAt = gateway.world.now()
  await assert.rejects(askedMs({ max_tokens: 200 }), { kind: 'upstream-slow' })
  const tookMs = gateway.world.now() - askedAt
  assert.ok(tookMs >= 30 * minutes && tookMs <= 30 * minutes + 250, `${tookMs}`)
})

test('pages that nobody has asked for before are waited for, though all answers were short', async () => {
  const { askedMs } = await knownPair((world) => whole(world, 3_500, 70_000))
  const [upstream, tookMs] = await askedMs({})
  assert.equal(upstream, 'one')
  assert.equal(Math.round(tookMs), 70_000)
})
