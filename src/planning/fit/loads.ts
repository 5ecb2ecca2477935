import { median } from './robust.ts'
import type { Stay } from './stays.ts'

/** How models come and go at a server, as far as a recording shows it. */
export interface Loads {
  /** Undefined where none was seen. */
  readonly loadMs: number | undefined
  readonly loads: number
  /** Models that were in use at once, at most. */
  readonly modelsAtOnce: number
}

/** A wait that begins with another model's end and is shorter than this is no load. */
const leastMs = 300

/**
 * A server that is asked for another model than before brings it in, while who asked waits: from when he came, or from when the last
 * one with the other model had ended, until he was sent.
 */
export function loadsOf(stays: readonly Stay[]): Loads {
  const took: number[] = []
  let modelsAtOnce = 0
  let before: { readonly model: string; endAt: number } | undefined
  const under: Stay[] = []
  for (const stay of stays) {
    while (under.length > 0 && under[0]!.endAt <= stay.sentAt) under.shift()
    under.push(stay)
    under.sort((one, other) => one.endAt - other.endAt)
    modelsAtOnce = Math.max(modelsAtOnce, new Set(under.map(({ model }) => model)).size)
    if (before !== undefined && before.model !== stay.model && before.endAt <= stay.sentAt) {
      const ms = stay.sentAt - Math.max(stay.arrivedAt, before.endAt)
      if (ms >= leastMs) took.push(ms)
    }
    const isSame = before?.model === stay.model
    before = { model: stay.model, endAt: isSame ? Math.max(before!.endAt, stay.endAt) : stay.endAt }
  }
  return { loadMs: took.length < 2 ? undefined : median(took), loads: took.length, modelsAtOnce }
}
