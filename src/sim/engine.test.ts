import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Engine, type Job, type JobEnding, type Run } from './engine.ts'
import { type EngineSpec, slottedStepMs, stepMsAt } from './engine-spec.ts'
import { emptyLedger, type Ledger } from './ledger.ts'
import { SimWorld } from './world.ts'

const spec: EngineSpec = {
  prefillTokensPerSecond: 1_000,
  stepMs: [
    [0, 10],
    [10, 10],
  ],
  slots: 2,
  loadedMax: 1,
  loadMs: 500,
  cacheBlocks: 100,
  memoryTokens: 1_000,
  whenFull: 'preempt',
}

interface Seen {
  tokens: [index: number, at: number][]
  ending: JobEnding | undefined
  run: Run
}

function machine(changes: Partial<EngineSpec> = {}): {
  world: SimWorld
  engine: Engine
  ledger: Ledger
  ask: (job?: Partial<Job>) => Seen
} {
  const world = new SimWorld(1)
  const ledger = emptyLedger()
  const engine = new Engine({ ...spec, ...changes }, world, ledger)
  engine.warm('m')
  const ask = (job: Partial<Job> = {}): Seen => {
    const seen: Seen = { tokens: [], ending: undefined, run: undefined as unknown as Run }
    seen.run = engine.submit({
      model: 'm',
      promptTokens: 100,
      blocks: [],
      outputTokens: 3,
      onToken: (index) => void seen.tokens.push([index, world.now()]),
      onEnd: (ending) => void (seen.ending = ending),
      ...job,
    })
    return seen
  }
  return { world, engine, ledger, ask }
}

test('an answer takes its prompt, then a step for each further token', async () => {
  const { world, ask } = machine()
  const seen = ask()
  await world.run(world.sleep(1_000))
  assert.deepEqual(seen.tokens, [
    [0, 100],
    [1, 110],
    [2, 120],
  ])
  assert.equal(seen.ending, 'whole')
})

test('prompts are read one after the other, and who finds no slot waits for one', async () => {
  const { world, ask } = machine()
  const [first, second, third] = [ask(), ask(), ask()]
  await world.run(world.sleep(1_000))
  assert.deepEqual(
    [first, second, third].map(({ tokens }) => tokens[0]![1]),
    [100, 200, 300],
  )
})

test('a model that is not loaded waits until the one in use is idle, and is loaded then', async () => {
  const { world, engine, ledger, ask } = machine()
  ask()
  const other = ask({ model: 'other' })
  await world.run(world.sleep(2_000))
  // 120 ms until the first is done, 500 to load, 100 to read.
  assert.equal(other.tokens[0]![1], 720)
  assert.deepEqual(engine.loaded, ['other'])
  assert.equal(ledger.loads, 1)
})

test('blocks that were read before cost nothing, and the oldest are forgotten first', async () => {
  const { world, ask } = machine({ cacheBlocks: 3 })
  ask({ blocks: [1, 2, 3] })
  await world.run(world.sleep(1_000))
  const again = ask({ promptTokens: 200, blocks: [1, 2, 9] })
  await world.run(world.sleep(1_000))
  assert.equal(again.run.cachedTokens, 128)
  assert.equal(again.tokens[0]![1], 1_000 + 72)
  const third = ask({ promptTokens: 200, blocks: [1, 2, 3] })
  await world.run(world.sleep(1_000))
  assert.equal(third.run.cachedTokens, 128, 'block 3 had to go when 9 came')
})

test('who is dropped stops at once and makes room, wherever it was', async () => {
  const { world, engine, ledger, ask } = machine({ slots: 1 })
  const reading = ask()
  const waiting = ask()
  const last = ask()
  await world.run(world.sleep(50))
  engine.drop(waiting.run)
  engine.drop(reading.run)
  await world.run(world.sleep(105))
  engine.drop(last.run)
  await world.run(world.sleep(1_000))
  assert.deepEqual(last.tokens, [[0, 150]])
  assert.equal(ledger.outputTokens, 1)
  assert.deepEqual([reading.tokens, waiting.tokens, reading.ending], [[], [], undefined])
})

test('when memory runs out the newest starts again later and goes on where it was', async () => {
  const { world, ledger, ask } = machine({ memoryTokens: 230 })
  const first = ask({ outputTokens: 30 })
  const second = ask({ outputTokens: 30 })
  await world.run(world.sleep(5_000))
  assert.equal(ledger.preempted, 1)
  for (const { tokens, ending } of [first, second]) {
    assert.deepEqual(
      tokens.map(([index]) => index),
      Array.from({ length: 30 }, (_, index) => index),
    )
    assert.equal(ending, 'whole')
  }
})

test('when memory runs out a simpler engine takes all it had with it', async () => {
  const { world, engine, ask } = machine({ memoryTokens: 230, whenFull: 'die' })
  const all = [ask({ outputTokens: 30 }), ask({ outputTokens: 30 }), ask()]
  await world.run(world.sleep(5_000))
  assert.deepEqual(
    all.map(({ ending }) => ending),
    ['out-of-memory', 'out-of-memory', 'out-of-memory'],
  )
  assert.deepEqual(engine.loaded, [])
  const next = ask()
  await world.run(world.sleep(5_000))
  assert.equal(next.ending, 'whole')
})

test('a prompt that can never fit is refused at once', () => {
  const { ask } = machine()
  assert.equal(ask({ promptTokens: 1_000 }).ending, 'full')
})

test('a frozen engine says nothing and loses nothing', async () => {
  const { world, engine, ask } = machine()
  const seen = ask()
  await world.run(world.sleep(105))
  engine.freeze()
  await world.run(world.sleep(10_000))
  assert.equal(seen.tokens.length, 1)
  engine.thaw()
  await world.run(world.sleep(100))
  assert.deepEqual([seen.tokens.length, seen.ending], [3, 'whole'])
})

test('a step takes as long as the table says, with straight lines between its rows', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 6, 8, 32].map((running) => stepMsAt(slottedStepMs, running)),
    [24, 39, 46.5, 54, 55.5, 57, 69],
  )
  assert.equal(stepMsAt(slottedStepMs, 64), 138)
})
