import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Engine } from './engine.ts'
import { type EngineSpec, slottedStepMs, stepMsAt } from './engine-spec.ts'
import type { Job, JobEnding, Run } from './job.ts'
import { emptyLedger, type Ledger } from './ledger.ts'
import { SimWorld } from './world.ts'

const spec: EngineSpec = {
  prefillMs: 0,
  prefillStalls: false,
  prefillTokensPerSecond: 1_000,
  stepMs: [
    [0, 10],
    [10, 10],
  ],
  slots: 2,
  loadedMax: 1,
  loadMs: 500,
  keepMs: Infinity,
  evicts: 'idle',
  keepTraps: false,
  replacesHung: false,
  loadDiesWithCaller: false,
  cacheBlocks: 100,
  memoryTokens: 1_000,
  whenFull: 'preempt',
}

const loaded = (engine: Engine): string[] => engine.residents.map(({ name }) => name)

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
  assert.deepEqual(loaded(engine), ['other'])
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
  assert.deepEqual(loaded(engine), [])
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

const wider = { key: '16384', contextTokens: 16_384 }
const usual = { key: '8192', contextTokens: 8_192 }

test('a model that is wanted with other settings is loaded anew, when nobody uses it any more', async () => {
  const { world, engine, ledger, ask } = machine()
  engine.warm('m', usual)
  const first = ask({ setting: usual })
  const other = ask({ setting: wider })
  const overtaking = ask({ setting: usual })
  await world.run(world.sleep(5_000))
  assert.deepEqual(
    [first, overtaking, other].map(({ tokens }) => tokens[0]![1]),
    [100, 200, 820],
  )
  assert.deepEqual([ledger.loads, ledger.reloads, engine.residents[0]!.setting], [1, 1, wider])
})

test('who asks with the settings it has, or with none, reloads nothing', async () => {
  const { world, engine, ledger, ask } = machine()
  engine.warm('m', usual)
  ask({ setting: { ...usual } })
  ask()
  await world.run(world.sleep(5_000))
  assert.deepEqual([ledger.loads, ledger.reloads], [0, 0])
})

test('where a load is lost with the caller who began it, the next one begins it from nothing', async () => {
  for (const loadDiesWithCaller of [true, false]) {
    const { world, engine, ledger, ask } = machine({ loadDiesWithCaller })
    const impatient = ask({ model: 'other' })
    const patient = ask({ model: 'other' })
    await world.run(world.sleep(400))
    engine.drop(impatient.run)
    await world.run(world.sleep(5_000))
    assert.equal(patient.tokens[0]![1], loadDiesWithCaller ? 400 + 500 + 100 : 500 + 100)
    assert.deepEqual([ledger.loads, ledger.loadsLost], loadDiesWithCaller ? [2, 1] : [1, 0])
  }
})

test('a load that is lost leaves nothing in memory, and the model that had to go stays gone', async () => {
  const { world, engine, ledger, ask } = machine({ loadDiesWithCaller: true })
  const impatient = ask({ model: 'other' })
  await world.run(world.sleep(100))
  engine.drop(impatient.run)
  await world.run(world.sleep(5_000))
  assert.deepEqual([loaded(engine), engine.loading, ledger.evictions], [[], undefined, 1])
})

test('a model that nobody has used for its time is gone, and one that is in use is not', async () => {
  const { world, engine, ask } = machine({ keepMs: 1_000 })
  ask({ outputTokens: 200 })
  await world.run(world.sleep(2_000))
  assert.deepEqual(loaded(engine), ['m'])
  await world.run(world.sleep(1_200))
  assert.deepEqual(loaded(engine), [])
})

test('who says how long a model is to stay says it for all who come after', async () => {
  const { world, engine, ask } = machine({ keepMs: 1_000 })
  ask({ keepMs: 60_000 })
  ask()
  await world.run(world.sleep(30_000))
  assert.deepEqual(loaded(engine), ['m'])
})

test('a model that is released goes when it is idle, and takes nobody with it', async () => {
  const { world, engine, ledger, ask } = machine()
  const seen = ask()
  engine.release('m')
  assert.deepEqual(loaded(engine), ['m'])
  await world.run(world.sleep(1_000))
  assert.deepEqual([seen.ending, loaded(engine), ledger.kills], ['whole', [], 0])
})

test('a model that is thrown out takes all it was doing with it, at once or after a while', async () => {
  for (const hangsMs of [0, 10_000]) {
    const { world, engine, ledger, ask } = machine()
    const [first, second, third] = [ask({ outputTokens: 100 }), ask(), ask()]
    await world.run(world.sleep(150))
    assert.equal(engine.evict('m', hangsMs), true)
    const before = first.tokens.length
    await world.run(world.sleep(9_999))
    assert.equal(first.ending, hangsMs === 0 ? 'killed' : undefined)
    await world.run(world.sleep(1_000))
    assert.deepEqual(
      [first, second, third].map(({ ending }) => ending),
      ['killed', 'killed', 'killed'],
    )
    assert.deepEqual(
      [first.tokens.length, ledger.kills, engine.wasKilled('m'), engine.evict('m')],
      [before, 1, true, false],
    )
  }
})

test('an engine that throws out whatever was used longest ago does so in the middle of an answer', async () => {
  const { world, ledger, ask } = machine({ evicts: 'any' })
  const busy = ask({ outputTokens: 1_000 })
  await world.run(world.sleep(200))
  const other = ask({ model: 'other' })
  await world.run(world.sleep(5_000))
  assert.deepEqual([busy.ending, other.ending, ledger.kills, ledger.evictions], ['killed', 'whole', 1, 1])
})

test('when shared memory runs out all who speak are cut off, and their model stays', async () => {
  const { world, engine, ask } = machine({ memoryTokens: 230, whenFull: 'drop-all' })
  const both = [ask({ outputTokens: 30 }), ask({ outputTokens: 30 })]
  await world.run(world.sleep(5_000))
  assert.deepEqual(
    both.map(({ ending }) => ending),
    ['out-of-memory', 'out-of-memory'],
  )
  assert.deepEqual(loaded(engine), ['m'])
})

test('a prompt without an answer is read and over, and nothing at all is over as soon as its model is there', async () => {
  const { world, ask } = machine()
  const read = ask({ outputTokens: 0 })
  const here = ask({ promptTokens: 0, outputTokens: 0 })
  const there = ask({ model: 'other', promptTokens: 0, outputTokens: 0 })
  assert.equal(here.ending, 'whole')
  await world.run(world.sleep(99))
  assert.deepEqual([read.ending, there.ending], [undefined, undefined])
  await world.run(world.sleep(2))
  assert.equal(read.ending, 'whole')
  await world.run(world.sleep(500))
  assert.deepEqual([there.ending, there.tokens], ['whole', []])
})

test('it tells how busy it is, of all it does and of each model', async () => {
  const { world, engine, ask } = machine({ loadedMax: 2 })
  engine.warm('other')
  for (const model of ['m', 'm', 'm', 'other']) ask({ model, outputTokens: 50 })
  assert.deepEqual(engine.load('m'), { running: 2, waiting: 1, heldTokens: 200 })
  await world.run(world.sleep(1))
  assert.deepEqual(engine.load(), { running: 3, waiting: 1, heldTokens: 300 })
  await world.run(world.sleep(10_000))
  assert.deepEqual(engine.load(), { running: 0, waiting: 0, heldTokens: 0 })
})

test('where a prompt stalls the rest, nobody says a token while it is read, and it waits for the end of a step', async () => {
  const at = async (prefillStalls: boolean): Promise<number[]> => {
    const { world, ask } = machine({ prefillStalls })
    const first = ask({ outputTokens: 5 })
    await world.run(world.sleep(115))
    const second = ask({ outputTokens: 1 })
    await world.run(world.sleep(1_000))
    return [...first.tokens, ...second.tokens].map(([, when]) => when)
  }
  assert.deepEqual(await at(false), [100, 110, 120, 130, 140, 215])
  assert.deepEqual(await at(true), [100, 110, 120, 230, 240, 220])
})

test('a prompt may take time of its own beside that of its tokens, for itself and for who is read after it', async () => {
  const { world, ask } = machine({ prefillMs: 7 })
  const [first, second] = [ask({ outputTokens: 1 }), ask({ outputTokens: 1, promptTokens: 10 })]
  await world.run(world.sleep(1_000))
  assert.deepEqual(first.tokens, [[0, 107]])
  assert.deepEqual(second.tokens, [[0, 124]])
})

test('where a prompt stalls the rest, they go on when its caller hangs up, and after a crash', async () => {
  const { world, engine, ask } = machine({ prefillStalls: true })
  const first = ask({ outputTokens: 4 })
  await world.run(world.sleep(105))
  const second = ask({ promptTokens: 500 })
  await world.run(world.sleep(45))
  engine.drop(second.run)
  await world.run(world.sleep(100))
  assert.deepEqual(
    first.tokens.map(([, when]) => when),
    [100, 110, 160, 170],
  )
  ask({ promptTokens: 500 })
  await world.run(world.sleep(100))
  engine.die('crashed')
  engine.warm('m')
  const third = ask()
  await world.run(world.sleep(1_000))
  assert.equal(third.ending, 'whole')
})
