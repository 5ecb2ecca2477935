import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cloudLike, llamacppLike, ollamaLike, vllmLike } from '../../sim/server-spec.ts'
import { model } from '../world.test-helper.ts'
import { burst } from './burst.ts'
import { fielded, figureOf, played } from './field.test-helper.ts'
import { scenarios } from './index.ts'
import { overload } from './overload.ts'
import { single } from './single.ts'
import { steps } from './steps.ts'
import { within } from './within.ts'

const models = [{ name: model, contextTokens: 32_768 }]
const slotted = llamacppLike({ models, engine: { memoryTokens: 1e6 } })
const serial = ollamaLike({ models, engine: { slots: 1 } })
const cloud = cloudLike({ name: 'cloud', key: 'sk-sim' })

test('one at a time, a gateway that takes no time adds none, although its servers are of different speeds', async () => {
  const slow = llamacppLike({ name: 'slow', models, engine: { prefillTokensPerSecond: 500 } })
  const staged = await fielded([vllmLike({ models }), slow])
  const result = await played(single, staged)
  assert.equal(result.isWhole, true)
  assert.ok(Math.abs(figureOf(result, 'added_first_token_ms').gateway!) < 1)
  assert.ok(Math.abs(figureOf(result, 'added_token_ms').gateway!) < 0.01)
  const { gateway, direct } = figureOf(result, 'first_token_p50_ms')
  assert.ok(gateway! > 30 && Math.abs(gateway! - direct!) < 5, `${gateway} and ${direct}`)
})

test('more at once give more until the slots are full, and what the server can do is known then', async () => {
  const staged = await fielded([slotted])
  const result = await played(steps, staged)
  const tokensAt = (size: number): number => figureOf(result, `tokens_per_second_at_${size}`).direct!
  // Alone a token takes 24 ms, four at once 54 ms each.
  assert.ok(Math.abs(tokensAt(1) - 40) < 3, `${tokensAt(1)}`)
  assert.ok(tokensAt(4) > 1.6 * tokensAt(1) && tokensAt(4) < 4_000 / 54)
  assert.ok(Math.abs(tokensAt(8) / tokensAt(4) - 1) < 0.1)
  assert.ok(
    figureOf(result, 'first_token_p50_ms_at_8').direct! > 10 * figureOf(result, 'first_token_p50_ms_at_4').direct!,
  )
  const { requestsPerSecond } = staged.field.capacity!
  assert.ok(Math.abs(requestsPerSecond - tokensAt(4) / 64) < 0.15, `${requestsPerSecond}`)
})

test('five at once on a server that serves one after the other: the last waits for all, or for the cloud', async () => {
  const alone = await played(burst, await fielded([serial], { patienceMs: 60_000 }))
  const [first, last] = [figureOf(alone, 'first_done_ms').direct!, figureOf(alone, 'last_done_ms').direct!]
  assert.ok(Math.abs(last / first - 5) < 0.2, `${first} and ${last}`)
  const spilling = await played(burst, await fielded([serial, cloud]))
  assert.ok(figureOf(spilling, 'last_done_ms').gateway! < 0.6 * figureOf(spilling, 'last_done_ms').direct!)
  assert.ok(figureOf(spilling, 'spilled_share').gateway! >= 0.4)
  assert.match(spilling.notes.join(' '), /cloud \d+/)
})

test('twice as much as there is room for: who is let in hears a word in time, who is not knows when to come back', async () => {
  const staged = await fielded([slotted])
  const result = await played(overload, staged)
  const { gateway, direct } = figureOf(result, 'on_time_share')
  assert.ok(gateway! > 0.35 && gateway! < 0.65, `${gateway}`)
  assert.ok(direct! < 0.6 * gateway!, `${direct} and ${gateway}`)
  assert.ok(figureOf(result, 'refused_share').gateway! > 0.3)
  assert.equal(figureOf(result, 'refused_with_time_share').gateway, 1)
  assert.equal(figureOf(result, 'refused_share').direct, 0)
  for (const side of ['gateway', 'direct'] as const) {
    const shares = ['on_time', 'late', 'unanswered', 'refused', 'failed'].map(
      (fate) => figureOf(result, `${fate}_share`)[side]!,
    )
    assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9)
  }
})

test('no scenario keeps servers busy for much longer than was said', async () => {
  const specs = [[slotted], [serial], [vllmLike({ models }), cloud]]
  for (const servers of specs)
    for (const scenario of scenarios) {
      const staged = await fielded(servers, { forMs: 10_000 })
      const beganAt = staged.world.now()
      await played(scenario, staged)
      const tookMs = staged.world.now() - beganAt
      const said = scenario.lastsMs({ ...staged.field, hasDirect: true })
      assert.ok(tookMs < said * 1.8, `${scenario.name} before ${servers[0]!.kind}: ${tookMs} ms, said were ${said}`)
    }
})

test('whoever breaks it off is told what is known, and leaves nothing running', async () => {
  for (const scenario of scenarios) {
    const staged = await fielded([slotted])
    const { world, servers, stop, field } = staged
    void world.sleep(6_000).then(() => stop.abort())
    const beganAt = world.now()
    const result = await played(scenario, staged)
    assert.equal(result.isWhole, false, scenario.name)
    assert.ok(world.now() - beganAt <= 6_001, scenario.name)
    await world.run(world.sleep(100))
    assert.deepEqual(
      servers.map(({ load }) => load.running),
      [0],
      scenario.name,
    )
    assert.equal(field.signal.aborted, true)
  }
})

test('a gateway whose servers are not known is measured alone', async () => {
  for (const scenario of scenarios) {
    const result = await played(scenario, await fielded([slotted], { direct: undefined, forMs: 8_000 }))
    assert.equal(result.isWhole, true)
    assert.ok(result.figures.every(({ direct }) => direct === undefined))
    assert.ok(result.figures.some(({ gateway }) => gateway !== undefined))
  }
})

test('one seed is one result', async () => {
  for (const scenario of scenarios) {
    const play = async (): Promise<string> =>
      JSON.stringify(await played(scenario, await fielded([slotted, cloud], { forMs: 5_000 })))
    assert.ok((await play()) === (await play()), scenario.name)
  }
})

test('a server that answers nothing at all is told of in words', async () => {
  const staged = await fielded([slotted], { forMs: 3_000 })
  staged.servers[0]!.crash()
  for (const scenario of scenarios) {
    const { notes, figures } = await played(scenario, staged)
    assert.match(notes.join(' '), /failed|nothing was measured/i, scenario.name)
    assert.ok(
      figures.every(({ gateway }) => gateway === undefined || !Number.isNaN(gateway)),
      scenario.name,
    )
  }
})

test('a server that hangs is left after so long, and is told of as slow', async () => {
  const { world, servers, field } = await fielded([slotted])
  servers[0]!.freeze()
  const asking = within(world, field.direct!, 5_000).ask(field.questions.next(), field.signal)
  const { fault, totalMs, complaint } = await world.run(asking)
  assert.deepEqual([fault, totalMs, complaint], ['upstream-slow', 5_000, 'It was not done after 5 s.'])
})
