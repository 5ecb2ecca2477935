import { InvalidArgumentError } from 'commander'

/** As they are written on the command line. */
export interface SimulateOptions {
  readonly config?: string
  readonly seed: number
  readonly requests?: number
  readonly workload?: 'poisson' | 'bursts' | 'day' | 'trace'
  readonly trace?: string
  readonly rate?: number
  readonly trouble?: true
  readonly json?: true
  /** A path, or the usual place. */
  readonly recording?: string | true
  readonly since?: string
  readonly until?: string
  readonly more: readonly More[]
  readonly without: readonly string[]
  readonly machineUsd?: number
  readonly machines?: string
  /** A recording of which the servers are to be told, or the usual place. */
  readonly fit?: string | true
  readonly save?: string
  readonly outages: boolean
  readonly advice: boolean
}

export interface More {
  readonly name: string
  readonly count: number
}

/** What can be asked only where requests are replayed, to be compared. */
export const isComparison = (options: SimulateOptions): boolean => options.recording !== undefined || isTrial(options)

const isTrial = ({ more, without, machineUsd, machines }: SimulateOptions): boolean =>
  more.length > 0 || without.length > 0 || machineUsd !== undefined || machines !== undefined

/** Why these cannot be meant together, in a sentence; undefined where they can. */
export function contradiction(options: SimulateOptions): string | undefined {
  const { workload, trace, fit, save, since, until } = options
  const recording = options.recording ?? fit
  if (workload === 'trace' && trace === undefined) return 'a trace has to be named: --trace FILE'
  if (fit !== undefined && isTrial(options)) return '--fit tells how fast servers are, and tries nothing'
  if (save !== undefined && fit === undefined) return 'what --save keeps comes from --fit'
  if (fit !== undefined && typeof fit === 'string' && options.recording !== undefined)
    return 'the recording is named twice, by --recording and by --fit'
  if (recording === undefined) {
    if (since !== undefined || until !== undefined) return '--since and --until choose from a recording: --recording'
    if (isComparison(options) && trace === undefined)
      return '--more, --without, --machine-usd and --machines need requests to be replayed: --recording or --trace FILE'
    return undefined
  }
  const drawn = drawing.find((name) => options[name] !== undefined)
  return drawn === undefined ? undefined : `a recording says itself what is asked and when: leave out --${drawn}`
}

const drawing = ['trace', 'workload', 'requests', 'rate', 'trouble'] as const

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It has to be a whole number.')
  return value
}

export function count(text: string): number {
  const value = wholeNumber(text)
  if (value < 1) throw new InvalidArgumentError('It has to be at least 1.')
  return value
}

export function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0) || value === Infinity) throw new InvalidArgumentError('It has to be a number above 0.')
  return value
}

/** `gpu-1` or `gpu-1=2`, once or several times. */
export function moreOf(text: string, before: readonly More[]): readonly More[] {
  const [, name, times] = /^([^=]+)(?:=(.*))?$/.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError('It has to be the name of a server, or NAME=N.')
  return [...before, { name, count: times === undefined ? 1 : count(times) }]
}

export const another = (text: string, before: readonly string[]): readonly string[] => [...before, text]
