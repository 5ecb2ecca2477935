import type { Figure, PlotData } from '../../trial/scenarios/scenario.ts'
import { version } from '../../version.ts'
import { type Machine, thisMachine } from './machine.ts'
import type { BenchOptions } from './options.ts'
import type { Played } from './run.ts'
import type { Site, SiteFacts } from './site.ts'

/** All that is known when it is over, for programs and for the other forms of the report. */
export interface BenchReport {
  readonly format: 'spillway-bench'
  readonly version: 1
  readonly at: string
  readonly spillway: string
  readonly machine: Machine
  /** Does the same again. */
  readonly command: string
  readonly seed: number
  readonly target: Omit<SiteFacts, 'leftOut'> & {
    readonly model: string
    /** Servers that cost money and were not to be asked. */
    readonly left_out: readonly string[]
  }
  readonly prompt_tokens: number
  readonly output_tokens: number
  readonly seconds: number
  readonly at_once_most: number
  readonly patience_ms: number
  /** False: it was broken off. */
  readonly is_whole: boolean
  readonly scenarios: readonly ScenarioReport[]
}

export interface ScenarioReport {
  readonly name: string
  readonly title: string
  readonly about: string
  readonly is_whole: boolean
  readonly took_ms: number
  readonly figures: readonly FigureReport[]
  readonly notes: readonly string[]
  readonly plots: readonly PlotData[]
}

/** Times are in milliseconds, shares from 0 to 1. What never came is `never`. */
export interface FigureReport extends Omit<Figure, 'gateway' | 'direct'> {
  readonly gateway: Amount
  readonly direct: Amount
  /** With the gateway by without. */
  readonly ratio: number | null
}

/** Null where it was not measured. */
export type Amount = number | 'never' | null

export interface Finished {
  readonly site: Site
  readonly options: BenchOptions
  readonly played: readonly Played[]
  readonly isWhole: boolean
  readonly command: string
}

export function reportOf({ site, options, played, isWhole, command }: Finished): BenchReport {
  const { leftOut, ...facts } = site.about
  return {
    format: 'spillway-bench',
    version: 1,
    at: new Date(site.world.epochMs()).toISOString(),
    spillway: version(),
    machine: thisMachine(),
    command,
    seed: options.seed,
    target: { ...facts, model: site.model, left_out: leftOut },
    prompt_tokens: options.promptTokens,
    output_tokens: options.outputTokens,
    seconds: options.seconds,
    at_once_most: options.max,
    patience_ms: site.patienceMs,
    is_whole: isWhole && played.every((one) => one.isWhole),
    scenarios: played.map(({ scenario: { name, title, about }, isWhole: is_whole, tookMs, figures, notes, plots }) => ({
      name,
      title,
      about,
      is_whole,
      took_ms: Math.round(tookMs),
      figures: figures.map(figureReport),
      notes,
      plots: plots.map(shortened),
    })),
  }
}

function figureReport({ gateway, direct, ...rest }: Figure): FigureReport {
  const ratio = gateway === undefined || direct === undefined ? NaN : gateway / direct
  return {
    ...rest,
    gateway: amountOf(gateway),
    direct: amountOf(direct),
    ratio: Number.isFinite(ratio) ? short(ratio) : null,
  }
}

function amountOf(value: number | undefined): Amount {
  if (value === undefined || Number.isNaN(value)) return null
  return Number.isFinite(value) ? short(value) : 'never'
}

/** A tenth of a microsecond is nothing that anybody measured. */
const shortened = (plot: PlotData): PlotData =>
  plot.type === 'distribution'
    ? { ...plot, series: plot.series.map(({ name, values }) => ({ name, values: values.map(short) })) }
    : plot

const short = (value: number): number => Number(value.toPrecision(6))

/** The same call again, with the seed in it and without a key. */
export function commandOf(words: readonly string[], seed: number): string {
  const shown = words.map((word, i) => {
    if (words[i - 1] === '--key') return '…'
    return word.startsWith('--key=')
      ? '--key=…'
      : /^[\w./:@=,-]+$/.test(word)
        ? word
        : `'${word.replaceAll("'", String.raw`'\''`)}'`
  })
  const seeded = words.some((word) => word === '--seed' || word.startsWith('--seed=')) ? [] : ['--seed', String(seed)]
  return ['spillway', ...shown, ...seeded].join(' ')
}
