/**
 * A slice of the benchmark for every change, in less than two minutes: `npm run bench -- --ci`. What is played in virtual time is the same on every
 * machine; CPU is only compared with that of nginx in the same minute. Each figure has its band in bands.json, and a worse one fails.
 */
import { readFileSync } from 'node:fs'
import { playOverhead } from './overhead/part.ts'
import { scenarios as overheads } from './overhead/scenarios.ts'
import { type Band, heldLine, hold } from './report/bands.ts'
import { meanOf } from './virtual/parts/plan.ts'
import { type Played, Player } from './virtual/play.ts'
import type { Scenario } from './virtual/scenario.ts'
import { outages } from './virtual/scenarios/outage.ts'
import { overload } from './virtual/scenarios/overload.ts'
import { prefixSynthetic } from './virtual/scenarios/prefix.ts'
import { serials } from './virtual/scenarios/serial.ts'
import { surges } from './virtual/scenarios/surge.ts'
import { switchings } from './virtual/scenarios/switching.ts'

const minute = 60_000
const seed = 801
const file = new URL('bands.json', import.meta.url)
const { bands } = JSON.parse(readFileSync(file, 'utf8')) as { readonly bands: readonly Band[] }
const measured = new Map<string, number>()
const missing = new Set<string>()

await virtual()
await cpu()

const held = hold(bands, measured, missing)
for (const one of held) console.log(heldLine(one))
const count = (verdict: string): number => held.filter((one) => one.verdict === verdict).length
const [worse, better] = [count('worse'), count('better')]
if (better > 0) console.log(`${better} are better than their band: write the new value into bench/bands.json, and why.`)
console.log(
  worse === 0
    ? 'Nothing is worse than chance.'
    : `${worse} are worse: if that is the price of something, bench/bands.json is where to say so.`,
)
process.exit(worse === 0 ? 0 : 1)

async function virtual(): Promise<void> {
  const player = new Player()
  const play = (scenario: Scenario, minutes: number, ...arms: string[]): Promise<Played> =>
    player.play({ ...scenario, lengthMs: scenario.countedFromMs + minutes * minute }, arms, [seed, seed])
  const named = (some: readonly Scenario[], name: string): Scenario => some.find((one) => one.name === name)!

  const ours = 'spillway:deadline=4100'
  const burst = await play(overload, 12, ours, 'timeout:1500')
  measured.set(
    'overload.p99-beside-timeout',
    ratio(burst, ours, 'timeout:1500', ({ totalP99Ms }) => totalP99Ms),
  )
  measured.set(
    'overload.out-beside-timeout',
    ratio(burst, ours, 'timeout:1500', ({ outRequests }) => outRequests),
  )
  measured.set(
    'overload.cost-beside-timeout',
    ratio(burst, ours, 'timeout:1500', ({ usdPerThousand }) => usdPerThousand),
  )

  const surge = await play(named(surges, 'surge-2'), 5, 'spillway')
  measured.set('surge.on-time', meanOf(surge, 'spillway', ({ onTimeWork }) => onTimeWork) * 100)

  const serial = serials.find(({ name }) => name === 'serial-1-8s')!
  const optimum = serial.arms.find((arm) => arm.startsWith('optimum'))!
  const oneByOne = await play(serial, 60, 'spillway', optimum)
  const out = (arm: string): number => meanOf(oneByOne, arm, ({ outRequests }) => outRequests) * 100
  measured.set('serial.beyond-optimum', out('spillway') - out(optimum))

  const switching = await play(named(switchings, 'switching'), 20, 'spillway', 'direct')
  measured.set(
    'switching.loading',
    meanOf(switching, 'spillway', ({ loadingMs }) => loadingMs),
  )
  measured.set(
    'switching.p95-beside-turn',
    ratio(switching, 'spillway', 'direct', ({ totalP95Ms }) => totalP95Ms),
  )

  const prefix = await play({ ...prefixSynthetic }, 5, 'spillway')
  measured.set('prefix.of-bound', meanOf(prefix, 'spillway', ({ cachedOfMost }) => cachedOfMost) * 100)

  const during = await player.play(named(outages, 'outage-during'), ['spillway'], [seed, seed])
  measured.set('outage.on-time', meanOf(during, 'spillway', ({ onTimeWork }) => onTimeWork) * 100)
  measured.set('outage.failed', meanOf(during, 'spillway', ({ failed }) => failed) * 100)
}

function ratio(played: Played, arm: string, beside: string, of: Parameters<typeof meanOf>[2]): number {
  return meanOf(played, arm, of) / meanOf(played, beside, of)
}

/**
 * What Spillway takes of CPU beside nginx in the same seconds. The machine is anybody's: what is in its band at the first look is well, and
 * what is not has a few more. Where something else was at work at every look, nobody can say.
 */
async function cpu(): Promise<void> {
  for (const [name, id] of [
    ['small', 'cpu.small-beside-nginx'],
    ['frames', 'cpu.frame-beside-nginx'],
  ] as const) {
    const scenario = overheads.find((one) => one.name === name)!
    const bars = scenario.bars.filter((bar) => 'timesNginx' in bar && bar.figure.startsWith('CPU')).slice(0, 1)
    const band = bands.find((one) => one.id === id)!
    const reasons: string[] = []
    for (let looks = 0; looks < 4; looks += 1) {
      const { conclusions, notMeasured } = await playOverhead(
        [{ ...scenario, bars, arms: ['nginx', 'spillway'] }],
        { quick: true, say: () => {} },
        { rounds: 1, seconds: 1.5 },
      )
      reasons.splice(0, Infinity, ...notMeasured)
      const value = conclusions[0]?.value
      if (value === undefined) break
      // The best look is the one that was disturbed least.
      if (notMeasured.length === 0 || value <= band.value + band.band)
        measured.set(id, Math.min(value, measured.get(id) ?? Infinity))
      if (measured.has(id) && measured.get(id)! <= band.value + band.band) break
    }
    if (measured.has(id)) continue
    missing.add(id)
    console.log(`${id} is not measured here: ${reasons.join('; ')}`)
  }
}
