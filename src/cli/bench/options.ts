import { InvalidArgumentError } from 'commander'
import { readDuration } from '../../core/duration.ts'
import { scenarios } from '../../trial/scenarios/index.ts'

/** The flags, as they were read. */
export interface BenchOptions {
  readonly config?: string
  readonly url?: string
  readonly own?: true
  readonly key?: string
  readonly model?: string
  readonly scenario?: readonly string[]
  readonly seconds: number
  readonly max: number
  readonly patience?: number
  readonly promptTokens: number
  readonly outputTokens: number
  /** False: the servers are not asked without the gateway. */
  readonly direct: boolean
  /** Dollars. */
  readonly paid?: number
  readonly seed: number
  readonly out?: string
  readonly json?: true
}

/** Something that only the person before the terminal can put right, in a sentence. */
export class BenchFault extends Error {}

export function duration(text: string): number {
  const ms = readDuration(text)
  if (ms === undefined || ms === 0) throw new InvalidArgumentError('It has to be a time: 500ms, 2s.')
  return ms
}

/** `burst,overload`, or the flag several times. */
export function scenarioNames(text: string, before: readonly string[] = []): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  const known = scenarios.map(({ name }) => name)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new InvalidArgumentError(`There are ${known.join(', ')}.`)
  return [...before, ...names]
}

export function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text
  throw new InvalidArgumentError('It has to be an address: http://127.0.0.1:11400.')
}
