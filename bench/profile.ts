import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startArm, startMock } from './arms.ts'
import { scenarios } from './scenarios.ts'

/** Where the time of a scenario goes: `node bench/profile.ts small [seconds] [rows]` prints the functions by their own time. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const [name = 'small', seconds = '5', rows = '45'] = process.argv.slice(2)
const scenario = scenarios.find((one) => one.name === name)
if (scenario === undefined) throw new Error(`There is no scenario ${name}.`)

const dir = mkdtempSync(join(tmpdir(), 'spillway-profile-'))
const mock = await startMock(scenario.mock)
const arm = await startArm('spillway', {
  ...scenario.arm,
  nodeFlags: ['--cpu-prof', `--cpu-prof-dir=${dir}`, '--cpu-prof-interval=200'],
})
const { figure } = await scenario.measure(arm, mock, Number(seconds))
await arm.proc!.end()
await mock.end()

const file = readdirSync(dir).find((one) => one.endsWith('.cpuprofile'))!
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(dir, file), 'utf8')) as Profile
const own = new Map<string, number>()
const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
const byFile = new Map<string, number>()
let busy = 0
let atUs = 0
for (const [i, id] of samples.entries()) {
  const { functionName, url, lineNumber } = frames.get(id)!
  atUs += timeDeltas[i] ?? 0
  // Start and warm-up are not what is measured.
  if (functionName === '(idle)' || atUs < 3_500_000) continue
  const place = `${functionName || '(anonymous)'} ${url.replace(/^.*\/(src|node_modules)\//, '$1/')}:${lineNumber + 1}`
  const us = timeDeltas[i] ?? 0
  busy += us
  own.set(place, (own.get(place) ?? 0) + us)
  const source = place.replace(/^\S+ /, '').replace(/:\d+$/, '')
  byFile.set(source, (byFile.get(source) ?? 0) + us)
}
console.log('by file:')
for (const [place, us] of [...byFile].toSorted((a, b) => b[1] - a[1]).slice(0, 30)) {
  console.log(`${((us / busy) * 100).toFixed(1).padStart(5)} %  ${place}`)
}
console.log(`${name}: ${figure.toFixed(1)} ${scenario.unit} with the profiler on; shares of busy time:`)
for (const [place, us] of [...own].toSorted((a, b) => b[1] - a[1]).slice(0, Number(rows))) {
  console.log(`${((us / busy) * 100).toFixed(1).padStart(5)} %  ${place}`)
}
