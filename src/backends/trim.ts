import { Fault } from '../core/fault.ts'
import type { Json } from '../core/json.ts'

/**
 * What a field may hold. A server is only ever sent fields that are known to be harmless, as large as is reasonable: who
 * may ask for words may not choose where the server keeps its caches, whom it serves first or what it runs as a template.
 */
export type Rule =
  /** Whatever the server makes of it. */
  | 'any'
  /** A limit of tokens. Nothing, zero and less mean that there is none, to everybody but some servers. */
  | 'limit'
  | Bound

export interface Bound {
  /** `items`: how much a list or an object holds. `texts`: the same, but a list of numbers is one text in tokens. */
  readonly of: 'number' | 'items' | 'texts'
  readonly least: number
  readonly most: number
}

/** Edits that are still being made. */
export type Changes = Record<string, unknown>

/** The fields of one dialect as one kind of server may see them. */
export type Fields = ReadonlyMap<string, Rule>

export const number = (least: number, most: number): Bound => ({ of: 'number', least, most })
export const items = (most: number): Bound => ({ of: 'items', least: 0, most })
export const texts = (most: number): Bound => ({ of: 'texts', least: 0, most })

/** Fields by name: those in the text may hold anything. */
export function fields(names: string, bounds: Readonly<Record<string, Rule>> = {}): Fields {
  const plain = names.split(/\s+/).filter((name) => name !== '')
  return new Map<string, Rule>([...plain.map((name) => [name, 'any'] as const), ...Object.entries(bounds)])
}

export const joined = (...all: readonly Fields[]): Fields => new Map(all.flatMap((one) => [...one]))

/**
 * What must go from a body so that only known fields stay; undefined when nothing must, which is the usual and costs one
 * look at each key. Throws a `bad-request` that names a field beyond its bounds.
 */
export function trim(body: Json, known: Fields): Changes | undefined {
  let changes: Changes | undefined
  for (const key in body) {
    const rule = known.get(key)
    if (rule === 'any') continue
    if (rule !== undefined && stays(body[key], key, rule)) continue
    changes = changed(changes, key, undefined)
  }
  return changes
}

/** With one change more. What holds them has no prototype, so that a field called `__proto__` is a field like any other. */
export function changed(changes: Changes | undefined, key: string, value: unknown): Changes {
  const all = changes ?? (Object.create(null) as Changes)
  all[key] = value
  return all
}

function stays(value: unknown, field: string, rule: Exclude<Rule, 'any'>): boolean {
  // Clients send null where they mean nothing, and so it means everywhere.
  if (value === null || value === undefined) return true
  if (rule === 'limit') {
    // A server that reads numbers from texts would take "-1" for a limit that is none.
    if (typeof value !== 'number') throw refusal(field, 'must be a number')
    return value > 0
  }
  const { of, least, most } = rule
  if (of !== 'number') {
    if (sizeOf(value, of) > most) throw refusal(field, `must not hold more than ${most}`)
  } else if (typeof value !== 'number' || !(value >= least && value <= most)) {
    throw refusal(field, `must be a number from ${least} to ${most}`)
  }
  return true
}

function sizeOf(value: unknown, of: Bound['of']): number {
  if (Array.isArray(value)) return of === 'texts' && typeof value[0] === 'number' ? 1 : value.length
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 1
}

export const refusal = (field: string, what: string): Fault => new Fault('bad-request', `${field} ${what}.`)
