import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readRecording, type Recording } from '../recording/read.ts'
import { stepMsAt } from '../sim/engine-spec.ts'
import { machine, type Machine } from '../sim/fleet.ts'
import {
  cloudLike,
  llamacppLike,
  type ModelSpec,
  ollamaLike,
  type ServerOptions,
  vllmLike,
} from '../sim/server-spec.ts'
import type { Stage } from '../sim/simulation.ts'
import { poisson, usualModel, usualWorkload } from '../sim/workload.ts'
import { fitFrom, type FittedUpstream } from './fit.ts'
import { recorded } from './recording.test-helper.ts'

const models = [{ name: usualModel, contextTokens: 32_768 }]

let folder: string
let files = 0
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-fit-'))
})
after(() => rmSync(folder, { recursive: true }))

type Script = (stage: Stage) => Promise<void>

interface Asked {
  readonly seed: number
  readonly perSecond: number
  readonly requests: number
  readonly promptTokens?: number
  readonly script?: Script
}

/** What a gateway records that has such a server, of people whose prompts and answers differ. */
async function recordingOf(
  fleet: readonly Machine[],
  { seed, perSecond, requests, promptTokens, script }: Asked,
  asked: readonly ModelSpec[] = models,
): Promise<Recording> {
  const wanted = asked.map(({ name: of }) => ({ share: 1, of }))
  const workload = {
    ...usualWorkload,
    models: wanted,
    arrivals: poisson(perSecond),
    streamed: 0.9,
    ...(promptTokens !== undefined && { promptTokens: { mean: promptTokens, sigma: 0.4, most: 8_000 } }),
  }
  files += 1
  const file = join(folder, `${files}.jsonl`)
  writeFileSync(file, await recorded({ seed, requests, fleet, workload, grain: 'coarse', ...(script && { script }) }))
  return readRecording(file)
}

async function fitOf(fleet: readonly Machine[], asked: Asked, wanted?: readonly ModelSpec[]): Promise<FittedUpstream> {
  const { upstreams } = await fitFrom(await recordingOf(fleet, asked, wanted))
  return upstreams[0]!
}

const box = (options: ServerOptions, concurrency: number): Machine =>
  machine(llamacppLike({ name: 'box', models, ...options, engine: { memoryTokens: 1_000_000, ...options.engine } }), {
    concurrency,
  })

function near(what: string, found: number | undefined, truth: number, within = 0.1): void {
  const off = Math.abs((found ?? NaN) / truth - 1)
  assert.ok(off <= within, `${what} is ${found} and was ${truth}`)
}

const fourSteps = [
  [1, 1.5],
  [2, 2.5],
  [3, 3.3],
  [4, 4],
] as const

const boxes = [
  {
    title: 'a card that reads while nobody speaks',
    engine: {
      prefillTokensPerSecond: 1_500,
      prefillStalls: true,
      stepMs: [
        [1, 10],
        [4, 25],
      ],
      slots: 4,
    },
    asked: { seed: 1, perSecond: 2.4, requests: 350 },
    speakers: [3, 4],
  },
  {
    title: 'a card that reads beside what it says',
    engine: {
      prefillTokensPerSecond: 2_500,
      prefillStalls: false,
      stepMs: [
        [1, 24],
        [2, 39],
        [4, 54],
      ],
      slots: 4,
    },
    asked: { seed: 2, perSecond: 1.2, requests: 260 },
    speakers: [1, 2, 3],
  },
  {
    title: 'a card of few prompts a second and quick answers',
    engine: {
      prefillTokensPerSecond: 600,
      prefillStalls: true,
      stepMs: [
        [1, 6],
        [2, 7],
        [4, 9],
      ],
      slots: 4,
    },
    asked: { seed: 3, perSecond: 0.8, requests: 260 },
    speakers: [1],
  },
] as const

for (const { title, engine, asked, speakers } of boxes) {
  test(`the numbers of ${title} are found again in its recording`, async () => {
    const { machine: found, likeness } = await fitOf([box({ networkMs: 3, engine }, 4)], asked)
    assert.equal(found?.engine?.prefillStalls, engine.prefillStalls)
    assert.equal(found.engine.slots, engine.slots)
    near('what it reads in a second', found.engine.prefillTokensPerSecond, engine.prefillTokensPerSecond)
    for (const running of speakers)
      near(`a step of ${running}`, stepMsAt(found.engine.stepMs!, running), stepMsAt(engine.stepMs, running))
    const { measured, simulated } = likeness!
    near('half of the first tokens', simulated.firstTokenMs.p50, measured.firstTokenMs.p50)
    near('the whole answers', simulated.totalMs.p50, measured.totalMs.p50)
    near('the tokens of an answer in a second', simulated.tokensPerSecond, measured.tokensPerSecond)
  })
}

test('what each prompt takes of a server beside its tokens is told from the way to it', async () => {
  const truth = [
    { prefillMs: 12, networkMs: 1 },
    { prefillMs: 1, networkMs: 12 },
  ]
  for (const { prefillMs, networkMs } of truth) {
    const engine = { prefillTokensPerSecond: 2_000, prefillMs, prefillStalls: true, stepMs: fourSteps, slots: 4 }
    const asked = { seed: 12, perSecond: 7, requests: 300, promptTokens: 60 }
    const { machine: found } = await fitOf([box({ networkMs, engine }, 4)], asked)
    const { prefillMs: inside = NaN } = found?.engine ?? {}
    near('all that passes before a first token', inside + (found?.networkMs ?? NaN), 13, 0.15)
    assert.equal(inside > 6.5, prefillMs > 6.5, `${inside} of ${prefillMs} in the machine`)
  }
})

test('a server that stands still now and then is known for what it is the rest of the time', async () => {
  const engine = { prefillTokensPerSecond: 2_000, prefillMs: 4, prefillStalls: true, stepMs: fourSteps, slots: 4 }
  const script: Script = async ({ world, servers: [server] }) => {
    for (let times = 0; times < 40; times += 1) {
      await world.sleep(1_300)
      server!.freeze()
      await world.sleep(100 + 60 * (times % 7))
      server!.thaw()
    }
  }
  const asked = { seed: 14, perSecond: 7, requests: 450, promptTokens: 60, script }
  const { machine: found } = await fitOf([box({ networkMs: 4, engine }, 4)], asked)
  assert.equal(found?.engine?.slots, 4)
  assert.equal(found.engine.prefillStalls, true)
  for (const [running, ms] of fourSteps) near(`a step of ${running}`, stepMsAt(found.engine.stepMs!, running), ms)
})

test('a server that batches is found again by how its steps grow', async () => {
  const stepMs = [
    [0, 14],
    [1_000, 1_214],
  ] as const
  const engine = { prefillTokensPerSecond: 8_000, stepMs, slots: 16, memoryTokens: 1_000_000 }
  const one = machine(vllmLike({ name: 'box', models, networkMs: 5, engine }), { concurrency: 16 })
  const { machine: found } = await fitOf([one], { seed: 4, perSecond: 8, requests: 260 })
  near('what it reads in a second', found?.engine?.prefillTokensPerSecond, 8_000)
  near('the way to it', found?.networkMs, 5, 0.3)
  for (const running of [3, 6, 10])
    near(`a step of ${running}`, stepMsAt(found!.engine!.stepMs!, running), 14 + 1.2 * running)
})

test('slots of a server that is given more than fit into them are counted', async () => {
  const engine = {
    prefillTokensPerSecond: 3_000,
    stepMs: [
      [1, 15],
      [3, 20],
    ] as const,
    slots: 3,
  }
  const { machine: found, mostAtOnce } = await fitOf([box({ engine }, 8)], { seed: 5, perSecond: 3, requests: 260 })
  assert.ok(mostAtOnce > 4, `${mostAtOnce}`)
  assert.equal(found?.engine?.slots, 3)
})

test('of a cloud the way to it, how far that spreads, and how fast it speaks are found again', async () => {
  const cloud = cloudLike({ name: 'cloud', networkMs: 400, networkSpread: 0.4 })
  const fleet = [machine(cloud, { serve: { [usualModel]: 'gpt-5-mini' } })]
  const { machine: found } = await fitOf(fleet, { seed: 6, perSecond: 4, requests: 300 })
  near('the way to it', found?.networkMs, 400)
  near('its spread', found?.networkSpread, 0.4, 0.2)
  near('a token', found?.engine?.stepMs?.[0]?.[1], 11)
})

test('the same recording gives the same numbers', async () => {
  const recording = await recordingOf([box({}, 4)], { seed: 7, perSecond: 1.5, requests: 120 })
  assert.deepEqual(await fitFrom(recording), await fitFrom(recording))
})

test('of too few answers nothing is concluded, and that is said', async () => {
  const { machine: found, unknown } = await fitOf([box({}, 4)], { seed: 8, perSecond: 1, requests: 20 })
  assert.equal(found, undefined)
  assert.match(unknown[0]!, /^Only \d+ of its answers were streamed to the end and counted/)
})

test('a server that never had two at once is not said to be known with four', async () => {
  const { unknown } = await fitOf([box({}, 1)], { seed: 9, perSecond: 0.3, requests: 80 })
  assert.ok(unknown.includes('Never more than 1 at once: what 4 would do is a guess.'), unknown.join('\n'))
})

test('how long a server takes to change its model shows in those who wait for that', async () => {
  const two = [usualModel, 'qwen3:14b'].map((name) => ({ name, contextTokens: 32_768 }))
  const engine = { loadMs: 3_200, memoryTokens: 1_000_000 }
  const one = machine(ollamaLike({ name: 'box', models: two, engine }), { concurrency: 4 })
  const { machine: found } = await fitOf([one], { seed: 10, perSecond: 0.15, requests: 120 }, two)
  // What the gateway needs to see that it is there is part of what is seen.
  near('a load', found?.engine?.loadMs, 3_200, 0.25)
})

test('how many prompts a server remembers shows in what it did not read again', async () => {
  const blocks = async (cacheBlocks: number): Promise<number | undefined> => {
    const engine = { cacheBlocks, memoryTokens: 1_000_000 }
    const { machine: found } = await fitOf([box({ engine }, 4)], {
      seed: 11,
      perSecond: 0.4,
      requests: 100,
      promptTokens: 2_500,
    })
    return found?.engine?.cacheBlocks
  }
  assert.equal(await blocks(0), 0)
  assert.ok((await blocks(1_000))! >= 100)
})
