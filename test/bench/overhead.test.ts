import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, type Rounds } from '../../bench/overhead/judge.ts'
import type { Window } from '../../bench/overhead/machine.ts'
import type { Measured } from '../../bench/overhead/measures.ts'
import { straysOf } from '../../bench/overhead/pace.ts'
import { Repeats } from '../../bench/overhead/run.ts'
import { type Scenario, scenarios } from '../../bench/overhead/scenarios.ts'

const window = (foreignShare: number): Window => ({ fromUs: 0, toUs: 1, seconds: 1, usedUs: 1, foreignShare })
const saw = (figures: Measured['figures'], foreignShare = 0): Measured => ({ figures, window: window(foreignShare) })

const scenario = (bars: Scenario['bars']): Scenario => ({
  name: 'some',
  about: 'something',
  arms: ['direct', 'nginx', 'spillway'],
  rounds: 3,
  bars,
  measure: () => Promise.reject(new Error('Nothing is measured here.')),
})

const bar = { id: 'cpu', figure: 'CPU µs', what: 'CPU', by: 'goal' } as const

test('a ratio is that of windows of the same round, so that a slow minute of the machine counts for both', () => {
  const rounds: Rounds = new Map([
    ['nginx', [10, 20, 10].map((us) => saw({ 'CPU µs': us }))],
    ['spillway', [40, 80, 60].map((us) => saw({ 'CPU µs': us }))],
  ])
  const { conclusions } = judge(scenario([{ ...bar, timesNginx: 4.5 }]), rounds)
  assert.deepEqual(conclusions[0]!.windows, [4, 4, 6])
  assert.equal(conclusions[0]!.value, 4)
  assert.equal(conclusions[0]!.verdict, 'at the bar', 'its windows lie as far apart as it is from the bar')
})

test('windows in which something else used the machine do not count where there are others', () => {
  const rounds: Rounds = new Map([
    ['spillway', [saw({ 'CPU µs': 500 }, 0.3), saw({ 'CPU µs': 50 }), saw({ 'CPU µs': 52 })]],
  ])
  const { conclusions, notMeasured, table } = judge(scenario([{ ...bar, most: 66 }]), rounds)
  assert.equal(conclusions[0]!.value, 51)
  assert.equal(conclusions[0]!.verdict, 'met')
  assert.deepEqual(notMeasured, [])
  assert.equal(table.rows[0]!.at(-1), '2 calm')
})

test('where no window was calm the figures stand, and it is said', () => {
  const rounds: Rounds = new Map([['spillway', [saw({ 'CPU µs': 90 }, 0.5), undefined, saw({ 'CPU µs': 70 }, 0.2)]]])
  const { conclusions, notMeasured, table } = judge(scenario([{ ...bar, most: 66 }]), rounds)
  assert.equal(conclusions[0]!.value, 80)
  assert.equal(conclusions[0]!.verdict, 'disturbed', 'it contradicts no other run')
  assert.equal(table.rows[0]!.at(-1), '2 DISTURBED')
  assert.match(notMeasured.join(), /something else used the machine whenever spillway had a turn/)
})

test('a figure that is nearer to its bar than the machine strays is at the bar, and one that is not is judged', () => {
  const rounds: Rounds = new Map([['spillway', [saw({ 'CPU µs': 70 })]]])
  const verdictAt = (most: number): string =>
    judge(scenario([{ ...bar, most }]), rounds, straysOf([10, 9, 11, 10, 12, 8]))
      .conclusions.map(({ verdict }) => verdict)
      .join()
  assert.equal(verdictAt(66), 'at the bar')
  assert.equal(verdictAt(60), 'missed')
  assert.equal(verdictAt(78), 'met')
})

test('what is added lies over what it takes with nothing in between, for nginx too', () => {
  const rounds: Rounds = new Map([
    ['direct', [saw({ 'p50 µs': 50 })]],
    ['nginx', [saw({ 'p50 µs': 100 })]],
    ['spillway', [saw({ 'p50 µs': 250 })]],
  ])
  const added = { id: 'p50', figure: 'p50 µs', what: 'added', by: 'goal', added: true } as const
  const { conclusions } = judge(
    scenario([
      { ...added, most: 120 },
      { ...added, id: 'ratio', timesNginx: 4.5 },
    ]),
    rounds,
  )
  assert.deepEqual(
    conclusions.map(({ value, unit, verdict }) => [value, unit, verdict]),
    [
      [200, 'µs', 'missed'],
      [4, 'x', 'met'],
    ],
  )
})

test('without nginx there is no ratio, and that is said', () => {
  const rounds: Rounds = new Map([['spillway', [saw({ 'CPU µs': 50 })]]])
  const { conclusions, notMeasured } = judge(scenario([{ ...bar, timesNginx: 5 }]), rounds)
  assert.deepEqual(conclusions, [])
  assert.deepEqual(notMeasured, ['some: CPU: nginx was not measured'])
})

test('a disturbed window is measured again, but not for ever, and the calmest is kept', async () => {
  const shares = [0.5, 0.2, 0.3, 0.9]
  let asked = 0
  const measure = (): Promise<Measured> => Promise.resolve(saw({}, shares[asked++]))
  assert.equal((await new Repeats(60).calmest(measure))?.window.foreignShare, 0.2)
  assert.equal(asked, 3)
  asked = 1
  assert.equal((await new Repeats(0).calmest(measure))?.window.foreignShare, 0.2)
  assert.equal(asked, 2, 'a run that has no seconds left for it')
})

test('every bar of a scenario has a name of its own', () => {
  const ids = scenarios.flatMap(({ name, bars }) => bars.map(({ id }) => `${name}.${id}`))
  assert.equal(new Set(ids).size, ids.length)
})
