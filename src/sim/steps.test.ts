import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as check, boolean, constantFrom, integer, property, record } from 'fast-check'
import { type Chance, chanceOf } from './chance.ts'
import { Engine } from './engine.ts'
import { type EngineSpec, slottedStepMs } from './engine-spec.ts'
import { emptyLedger, type Ledger } from './ledger.ts'
import { llamacppLike } from './server-spec.ts'
import type { Grain } from './steps.ts'
import { SimWorld } from './world.ts'

interface Life {
  readonly firstAt: number | undefined
  readonly endedAt: number | undefined
  readonly how: string | undefined
  /** When it was heard of, and how much it had said then. */
  readonly told: readonly (readonly [at: number, tokens: number])[]
  readonly said: number
}

interface Case {
  readonly seed: number
  readonly jobs: number
  readonly prefillStalls: boolean
  readonly memoryTokens: number
  readonly whenFull: EngineSpec['whenFull']
  readonly troubled: boolean
}

const models = ['m', 'n']

/** Plays one history, which depends on nothing but the case, on an engine of either grain. */
async function play(one: Case, grain: Grain): Promise<{ lives: readonly Life[]; ledger: Ledger }> {
  const { seed, jobs, prefillStalls, memoryTokens, whenFull, troubled } = one
  const world = new SimWorld(seed)
  const ledger = emptyLedger()
  // No step ends at the very instant at which a prompt has been read: which of them is first then is not to be settled here.
  const odd = { prefillTokensPerSecond: 3_917.31, loadedMax: 2 }
  const spec = { ...llamacppLike().engine, ...odd, stepMs: slottedStepMs, prefillStalls, memoryTokens, whenFull }
  const engine = new Engine(spec, world, ledger, grain)
  for (const model of models) engine.warm(model)
  const chance = chanceOf(seed, 'lives')
  const lives = Array.from({ length: jobs }, () => live(engine, world, chance))
  if (troubled) void trouble(engine, world, chanceOf(seed, 'trouble'))
  await world.run(world.sleep(600_000))
  return { lives: lives.map((tell) => tell()), ledger }
}

function live(engine: Engine, world: SimWorld, chance: Chance): () => Life {
  const [comesAt, staysMs] = [chance() * 30_000, chance() < 0.2 ? chance() * 10_000 : Infinity]
  const model = models[chance() < 0.8 ? 0 : 1]!
  const [promptTokens, outputTokens] = [1 + Math.floor(chance() * 1_500), 1 + Math.floor(chance() * 600)]
  const told: (readonly [number, number])[] = []
  let [firstAt, endedAt]: (number | undefined)[] = []
  let how: string | undefined
  let said = (): number => 0
  void world.sleep(comesAt).then(async () => {
    const run = engine.submit({
      model,
      promptTokens,
      outputTokens,
      blocks: [],
      onToken(index) {
        firstAt ??= world.now()
        told.push([world.now(), index + 1])
      },
      onEnd(ending) {
        endedAt = world.now()
        how = ending
      },
    })
    said = () => run.said
    if (staysMs === Infinity) return
    await world.sleep(staysMs)
    engine.drop(run)
  })
  return () => ({ firstAt, endedAt, how, told, said: said() })
}

async function trouble(engine: Engine, world: SimWorld, chance: Chance): Promise<void> {
  for (let round = 0; round < 4; round += 1) {
    await world.sleep(chance() * 8_000)
    engine.freeze()
    await world.sleep(chance() * 700)
    engine.thaw()
    await world.sleep(chance() * 2_000)
    engine.slowness = 1 + chance() * 4
    await world.sleep(chance() * 3_000)
    engine.slowness = 1
    engine.freezeRunner('m')
    await world.sleep(chance() * 3_000)
    engine.thawRunner('m')
  }
}

const cases = record({
  seed: integer({ min: 1, max: 1_000_000 }),
  jobs: integer({ min: 1, max: 30 }),
  prefillStalls: boolean(),
  memoryTokens: constantFrom(3_000, 5_000, 32_768),
  whenFull: constantFrom<EngineSpec['whenFull']>('preempt', 'drop-all', 'die'),
  troubled: boolean(),
})

test('whoever listens to pieces has his first token and his end at the same instant as one who hears each token', async () => {
  const seen: Case[] = []
  check(
    property(cases, (one) => void seen.push(one)),
    { numRuns: 40, seed: 42 },
  )
  for (const one of seen) {
    const [fine, coarse] = [await play(one, 'token'), await play(one, 'coarse')]
    const about = JSON.stringify(one)
    for (const [index, expected] of fine.lives.entries()) {
      const life = coarse.lives[index]!
      assert.equal(life.how, expected.how, about)
      assert.equal(life.said, expected.said, about)
      assert.equal(near(life.firstAt, expected.firstAt), true, `${life.firstAt} ${expected.firstAt} ${about}`)
      assert.equal(near(life.endedAt, expected.endedAt), true, `${life.endedAt} ${expected.endedAt} ${about}`)
    }
    assert.deepEqual(coarse.ledger, fine.ledger, about)
  }
})

test('in pieces no token is told of twice or left out, and none before it was said', async () => {
  const one = {
    seed: 7,
    jobs: 12,
    prefillStalls: false,
    memoryTokens: 32_768,
    whenFull: 'die',
    troubled: true,
  } as const
  const [fine, coarse] = [await play(one, 'token'), await play(one, 'coarse')]
  let [pieces, tokens] = [0, 0]
  for (const [index, { told, how, said }] of coarse.lives.entries()) {
    const each = new Map(fine.lives[index]!.told.map(([at, count]) => [count, at]))
    for (const [at, count] of told)
      assert.equal(near(at, each.get(count)), true, `${count} at ${at}, not ${each.get(count)}`)
    assert.deepEqual(
      told.map(([, count]) => count).toSorted((a, b) => a - b),
      told.map(([, count]) => count),
    )
    if (how === 'whole') assert.equal(told.at(-1)![1], said)
    pieces += told.length
    tokens += said
  }
  assert.equal(pieces < tokens / 20, true, `${pieces} pieces of ${tokens} tokens`)
})

/** Sums of fractions are a little off. */
const near = (one: number | undefined, other: number | undefined): boolean =>
  one === other || Math.abs(one! - other!) < 0.01
