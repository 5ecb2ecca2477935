import type { ArmName } from './arms.ts'
import type { Measured } from './measures.ts'
import type { Scenario } from './scenarios.ts'

/** Above this share of a core a window counts as disturbed: something else was at work. */
export const disturbedShare = 0.04

export type Rounds = ReadonlyMap<ArmName, readonly Measured[]>

export interface Verdict {
  readonly scenario: string
  readonly about: string
  readonly unit: string
  readonly bar: string
  readonly isMet: boolean
  readonly arms: readonly ArmResult[]
}

export interface ArmResult {
  readonly name: ArmName
  readonly figure: number
  readonly timesNginx: number | undefined
  /** Windows behind the figure; all were disturbed if none was undisturbed. */
  readonly windows: number
  readonly isDisturbed: boolean
  readonly notes: Readonly<Record<string, number>>
}

/** Medians over the rounds in which nothing else used the machine. */
export function judge(scenario: Scenario, rounds: Rounds): Verdict {
  const directly = settled(rounds.get('direct'))?.figure ?? 0
  const nginx = settled(rounds.get('nginx'))
  const arms: ArmResult[] = []
  for (const name of rounds.keys()) {
    const result = settled(rounds.get(name))
    if (result === undefined) continue
    const figure = name === 'direct' ? result.figure : result.figure - directly
    const timesNginx =
      name === 'direct' || name === 'nginx' || nginx === undefined ? undefined : figure / (nginx.figure - directly)
    arms.push({ name, ...result, figure, timesNginx })
  }
  const { bar, unit } = scenario
  const own = arms.find(({ name }) => name === 'spillway')
  const isMet =
    own !== undefined && ('most' in bar ? own.figure <= bar.most : (own.timesNginx ?? Infinity) <= bar.timesNginx)
  return {
    scenario: scenario.name,
    about: scenario.about,
    unit,
    bar: 'most' in bar ? `${bar.most} ${unit}` : `${bar.timesNginx}x`,
    isMet,
    arms,
  }
}

function settled(measured: readonly Measured[] = []): Omit<ArmResult, 'name' | 'timesNginx'> | undefined {
  const calm = measured.filter(({ window }) => window.foreignShare <= disturbedShare)
  const taken = calm.length > 0 ? calm : measured
  if (taken.length === 0) return undefined
  const notes = Object.keys(taken[0]!.notes).map((key) => [key, median(taken.map((one) => one.notes[key]!))])
  return {
    figure: median(taken.map(({ figure }) => figure)),
    windows: taken.length,
    isDisturbed: calm.length === 0,
    notes: Object.fromEntries(notes) as Record<string, number>,
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** One scenario as lines of text: what was measured, and below it each arm. */
export function shown({ scenario, about, unit, bar, isMet, arms }: Verdict): string {
  const lines = arms.map(({ name, figure, timesNginx, windows, isDisturbed, notes }) => {
    const times = timesNginx === undefined ? '' : `${timesNginx.toFixed(2)}x`
    const beside = Object.entries(notes).map(([key, value]) => `${key} ${short(value)}`)
    const quality = isDisturbed ? 'DISTURBED' : `${windows} calm`
    return `  ${name.padEnd(9)}${`${short(figure)} ${unit}`.padStart(11)}${times.padStart(8)}   ${quality.padEnd(10)}${beside.join(', ')}`
  })
  return [`${isMet ? 'met   ' : 'MISSED'}  ${scenario}: ${about}; bar ${bar}`, ...lines].join('\n')
}

const short = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
