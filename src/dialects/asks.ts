import type { Ask, Errand } from '../core/ask.ts'
import type { Dialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import { applyEdits, type Json } from '../core/json.ts'
import { steadyDate, type World } from '../core/world.ts'
import { dialectById } from './index.ts'

/** What the gateway does with an ask that depends on the dialect of its caller. */

export function dialectOf(id: string): Dialect {
  const dialect = dialectById(id)
  if (dialect === undefined) throw new Fault('internal', `No dialect is called ${id}.`)
  return dialect
}

export const glanceOf = (id: string, body: Json): ReturnType<Dialect['glance']> => dialectOf(id).glance(body)

/** The same ask, whose answer is no longer than that. */
export function cut(ask: Ask, outputTokensMax: number): Ask {
  const dialect = dialectOf(ask.dialect)
  const edits = dialect.form === 'talk' ? dialect.limitEdits(ask.body, outputTokensMax) : undefined
  return edits === undefined ? ask : { ...ask, body: applyEdits(ask.body, edits), raw: undefined, outputTokensMax }
}

/** What is said to who wanted a model loaded or unloaded, when that is done. */
export function errandAnswer(errand: Errand, ask: Ask, world: Pick<World, 'now' | 'epochMs'>): Uint8Array {
  const dialect = dialectOf(ask.dialect)
  const epochMs = steadyDate(world)
  const { id, model, promptTokens } = ask
  const about = { id, model, promptTokens, createdMs: epochMs(), wantsUsage: false, epochMs }
  const done = dialect.errandDone?.(errand, about)
  if (done === undefined) throw new Fault('internal', `The dialect ${dialect.id} has no answer to an errand.`)
  return Buffer.from(`${JSON.stringify(done)}${ask.stream && dialect.form === 'talk' ? dialect.frameEnd : ''}`)
}
