import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readRecording, type Recording } from '../recording/read.ts'
import { exampleFleet, machine, settingsFor } from '../sim/fleet.ts'
import { Violation } from '../sim/run.ts'
import { cloudLike, ollamaLike } from '../sim/server-spec.ts'
import { poisson, usualModel, usualWorkload } from '../sim/workload.ts'
import { settingsAsRecorded, usualSettings } from './as-recorded.ts'
import { compare, type Comparison } from './compare.ts'
import { Crew, handsFor } from './crew.ts'
import { upstreamsIn } from './fit.ts'
import { type Hand, handHere } from './hand.ts'
import type { Passage } from './passage.ts'
import { changed, more, type Plan } from './plan.ts'
import type { PlayParts } from './play.ts'
import { recorded } from './recording.test-helper.ts'
import { emptyStock, type Stock, stockOf } from './stock.ts'
import { ThreadHand } from './thread-hand.ts'
import { type Origin, trafficOf } from './traffic.ts'

const models = [{ name: usualModel, contextTokens: 32_768 }]
const slow = { engine: { memoryTokens: 131_072, prefillTokensPerSecond: 2_500, slots: 3 } }
const fleet = [
  machine(ollamaLike({ name: 'gpu-1', models, ...slow })),
  machine(cloudLike({ name: 'cloud' }), { serve: { [usualModel]: 'gpt-5-mini' } }),
]

let origin: Origin & { readonly recording: Recording }
const crews: Crew[] = []

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-crew-'))
  const workload = { ...usualWorkload, arrivals: poisson(2.1), tools: 0, json: 0 }
  const text = await recorded({ seed: 5, requests: 250, fleet, workload, grain: 'coarse' })
  writeFileSync(join(folder, 'one.jsonl'), text)
  origin = { type: 'recorded', recording: readRecording(folder), seed: 1 }
  rmSync(folder, { recursive: true })
})
after(() => crews.forEach((crew) => crew.end()))

const threads = (count: number, of: Origin = origin): Crew =>
  crewOf(Array.from({ length: count }, () => new ThreadHand(of)))

function crewOf(hands: readonly Hand[]): Crew {
  const crew = new Crew(hands)
  crews.push(crew)
  return crew
}

const asItWas = (): Plan => ({
  name: 'as it was',
  changes: [],
  settings: settingsAsRecorded(origin.recording.settings.at(-1)!),
  likeness: new Map(),
})

const stock = (): Stock => ({
  ...stockOf(origin.recording),
  machines: new Map([['gpu-1', slow]]),
  source: 'is known',
})

const comparedBy = (crew: Crew): Promise<Comparison> =>
  compare({
    recording: origin.recording,
    traffic: trafficOf(origin),
    stock: stock(),
    seed: 1,
    outages: true,
    asItWas: asItWas(),
    tried: changed(asItWas(), [more('gpu-1', 1)]),
    isAdvised: true,
    machineUsd: 1_500,
    onPlay() {},
    crew,
  })

const usualParts = (): PlayParts => ({ traffic: trafficOf(origin), stock: stock(), seed: 1, outages: false })

const playedBy = (crew: Crew, onBegin = (): void => {}): Promise<readonly Passage[]> =>
  crew.play(asItWas(), usualParts(), onBegin)

test('a comparison is the same to the byte, whether threads play it side by side or one after the other here', async () => {
  const [here, there] = await Promise.all([comparedBy(crewOf([handHere(origin)])), comparedBy(threads(2))])
  assert.equal(JSON.stringify(there), JSON.stringify(here))
  assert.equal(here.columns.length, 3)
})

test('what a thread reads off a recording is what is read off it here', async () => {
  const fits = (crew: Crew): Promise<unknown> =>
    Promise.all(upstreamsIn(origin.recording).map((upstream) => crew.fit(upstream, () => {})))
  assert.deepEqual(await fits(threads(1)), await fits(crewOf([handHere(origin)])))
})

test('what is drawn from a workload is drawn the same in a thread', async () => {
  const drawn: Origin = { type: 'drawn', workload: usualWorkload, requests: 40, seed: 3 }
  const settings = { ...usualSettings(), ...settingsFor(exampleFleet, usualWorkload) }
  const plan: Plan = { name: 'as it is', changes: [], settings, likeness: new Map() }
  const parts: PlayParts = { traffic: trafficOf(drawn), stock: emptyStock, seed: 3, outages: false }
  const [here, there] = await Promise.all(
    [crewOf([handHere(drawn)]), threads(1, drawn)].map((crew) => crew.play(plan, parts, () => {})),
  )
  assert.equal(there!.length, 40)
  assert.deepEqual(there, here)
})

test('what goes wrong in a thread is told in the words in which it would be told here', async () => {
  const { settings } = asItWas()
  const money = { ...usualSettings().money!, timeZone: 'Nowhere' }
  const cases: [what: RegExp, is: new (...args: never[]) => Error, plan: Plan, stock: Stock][] = [
    [/^Seed 1: RangeError: Invalid time zone/, Violation, { ...asItWas(), settings: { ...settings, money } }, stock()],
    // Nothing that could happen, but whatever happens is told.
    [/^Cannot read properties of undefined/, TypeError, asItWas(), { ...stock(), machines: undefined! }],
  ]
  for (const [what, is, plan, known] of cases) {
    for (const crew of [crewOf([handHere(origin)]), threads(1)]) {
      await assert.rejects(
        crew.play(plan, { ...usualParts(), stock: known }, () => {}),
        (error: unknown) => {
          assert.ok(error instanceof is)
          assert.match(error.message, what)
          return true
        },
      )
    }
  }
})

/** Does nothing until it is told that it is done. */
class Sluggard implements Hand {
  readonly under: PromiseWithResolvers<readonly Passage[]>[] = []
  hasEnded = false
  readonly fit = (): never => assert.fail('nobody asks for it')
  readonly play = (): Promise<readonly Passage[]> => {
    const order = Promise.withResolvers<readonly Passage[]>()
    this.under.push(order)
    return order.promise
  }
  end(): void {
    this.hasEnded = true
  }
}

test('who is asked for more than there are hands takes it in turn, and says when it begins', async () => {
  const hands = [new Sluggard(), new Sluggard()]
  const crew = crewOf(hands)
  const begun: string[] = []
  const playing = ['first', 'second', 'third'].map((name) => playedBy(crew, () => void begun.push(name)))
  assert.deepEqual(begun, ['first', 'second'])
  hands[0]!.under[0]!.resolve([])
  hands[1]!.under[0]!.resolve([])
  await Promise.all(playing.slice(0, 2))
  assert.deepEqual(begun, ['first', 'second', 'third'])
})

test('where one goes wrong nothing more is begun, and all end', async () => {
  const hand = new Sluggard()
  const crew = crewOf([hand])
  const first = playedBy(crew)
  void playedBy(crew)
  hand.under[0]!.reject(new Violation(1, 'it went wrong.'))
  await assert.rejects(first, /Seed 1: it went wrong\./)
  assert.equal(hand.under.length, 1)
  assert.ok(hand.hasEnded)
})

test('a thread that is ended leaves its play as it is', async () => {
  const crew = threads(1)
  const playing = playedBy(crew)
  crew.end()
  await assert.rejects(playing, /The thread of a simulation ended/)
})

test('there are as many hands as cores and as fit into memory, never more than orders, and one where little is to be done', () => {
  const day = { requests: 100_000, orders: 6, cores: 64, freeBytes: 32e9 }
  assert.equal(handsFor(day), 6)
  assert.equal(handsFor({ ...day, cores: 2 }), 2)
  assert.equal(handsFor({ ...day, cores: 1 }), 1)
  assert.equal(handsFor({ ...day, freeBytes: 2e9 }), 4)
  assert.equal(handsFor({ ...day, freeBytes: 1e8 }), 1)
  assert.equal(handsFor({ ...day, requests: 360 }), 1)
})
