import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startArm, startMock } from './arms.ts'
import { scenarios } from './scenarios.ts'

const usage = `Where the time of a scenario goes in Spillway, or its memory: functions by what they use themselves.

  node bench/overhead/profile.ts SCENARIO [--allocations] [--seconds 5] [--rows 40]

  --allocations   who allocates, garbage included, instead of who computes

The profiler itself costs: compare shares, and take figures from npm run bench.`

interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
  /** Microseconds of the clock that process.hrtime reads too. */
  readonly startTime: number
}

interface AllocationNode {
  readonly callFrame: CallFrame
  readonly selfSize: number
  readonly children: readonly AllocationNode[]
}

type Spent = Map<string, number>

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    allocations: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '5' },
    rows: { type: 'string', default: '40' },
  },
})
const scenario = scenarios.find(({ name }) => name === positionals[0])
if (scenario === undefined) {
  console.error(`${usage}\n\nScenarios: ${scenarios.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'spillway-profile-'))
const nodeFlags = values.allocations
  ? ['--import', join(import.meta.dirname, 'allocations.ts')]
  : ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200']
process.env['BENCH_ALLOCATIONS'] = join(folder, 'allocations.json')
const mock = await startMock(scenario.mock)
const arm = await startArm('spillway', { ...scenario.arm, nodeFlags })
const { figures, window } = await scenario.measure(arm, mock, Number(values.seconds))
await arm.proc!.end()
await mock.end()

const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const byFunction: Spent = values.allocations
  ? allocated(read('allocations.json') as AllocationNode)
  : computed(read(readdirSync(folder).find((name) => name.endsWith('.cpuprofile'))!) as CpuProfile)
rmSync(folder, { recursive: true })

const [[name, figure] = ['', NaN]] = Object.entries(figures)
console.log(`${scenario.name}: ${name} ${figure.toFixed(1)} with the profiler on`)
show(`\nfunctions, by their own share of all that was ${values.allocations ? 'allocated' : 'computed'}:`, byFunction)
const files: Spent = new Map()
for (const [place, much] of byFunction) add(files, place.replace(/^.* /, '').replace(/:\d+$/, ''), much)
show('\nfiles:', files)

/** Only what fell into the window of measurement: starting and warming up are not what is asked about. */
function computed({ nodes, samples, timeDeltas, startTime }: CpuProfile): Spent {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const all: Spent = new Map()
  let at = startTime
  for (const [i, id] of samples.entries()) {
    const us = timeDeltas[i]!
    at += us
    const frame = frames.get(id)!
    if (frame.functionName !== '(idle)' && at >= window.fromUs && at < window.toUs) add(all, placeOf(frame), us)
  }
  return all
}

function allocated(root: AllocationNode): Spent {
  const all: Spent = new Map()
  const walk = ({ callFrame, selfSize, children }: AllocationNode): void => {
    add(all, placeOf(callFrame), selfSize)
    for (const child of children) walk(child)
  }
  walk(root)
  return all
}

function placeOf({ functionName, url, lineNumber }: CallFrame): string {
  const file = url.replace(/^.*\/(src|node_modules)\//, '$1/')
  return `${functionName || '(anonymous)'} ${file === '' ? '(engine)' : `${file}:${lineNumber + 1}`}`
}

function add(spent: Spent, place: string, much: number): void {
  spent.set(place, (spent.get(place) ?? 0) + much)
}

function show(title: string, spent: Spent): void {
  const total = Array.from(spent.values()).reduce((sum, much) => sum + much, 0)
  console.log(title)
  for (const [place, much] of [...spent].toSorted((a, b) => b[1] - a[1]).slice(0, Number(values.rows))) {
    console.log(`${((much / total) * 100).toFixed(1).padStart(6)} %  ${place}`)
  }
}
process.exit(0)
