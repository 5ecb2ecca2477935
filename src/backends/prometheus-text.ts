import type { Gauge } from '../core/backend.ts'

/** What a server calls the numbers of its gauge, the newest name first. */
export interface GaugeNames {
  readonly running: readonly string[]
  readonly waiting: readonly string[]
  /** From 0 to 1. */
  readonly memory?: readonly string[]
}

/**
 * A server's own word on how busy it is, from what it tells Prometheus. A server of several engines has a line for each:
 * requests add up, and the fullest memory is the one that hurts. Undefined when the text does not tell.
 */
export function gaugeIn(text: string, names: GaugeNames): Gauge | undefined {
  const samples = samplesIn(text)
  const running = sum(samplesOf(samples, names.running))
  const waiting = sum(samplesOf(samples, names.waiting))
  if (running === undefined || waiting === undefined) return undefined
  const memory = samplesOf(samples, names.memory ?? [])
  return { running, waiting, ...(memory.length > 0 && { memory: Math.max(...memory) }) }
}

/** Every value in Prometheus' text format, by the name of its metric, whatever its labels. */
export function samplesIn(text: string): ReadonlyMap<string, readonly number[]> {
  const samples = new Map<string, number[]>()
  for (const line of text.split('\n')) {
    const match = sample.exec(line)
    if (match === null) continue
    const value = Number(match[2])
    if (!Number.isFinite(value)) continue
    const values = samples.get(match[1]!)
    if (values === undefined) samples.set(match[1]!, [value])
    else values.push(value)
  }
  return samples
}

/** Name, labels if any, value; what may follow is a time. A label's value may hold braces, spaces and escaped quotes. */
const sample = /^\s*([A-Za-z_:][\w:]*)\s*(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?\s+([-+.\w]+)/

function samplesOf(samples: ReadonlyMap<string, readonly number[]>, names: readonly string[]): readonly number[] {
  for (const name of names) {
    const values = samples.get(name)
    if (values !== undefined) return values
  }
  return []
}

const sum = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0)
