import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'

/** Reads what a client sent, field by field; each complaint names the field, so that it can be found and put right. */

export const refuse = (message: string): Fault => new Fault('bad-request', message)

/** Clients send null where they mean nothing. */
const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null

export function textIn(value: unknown, field: string): string {
  if (typeof value !== 'string') throw refuse(`${field} must be a string.`)
  return value
}

export function optionalText(value: unknown, field: string): string | undefined {
  return isAbsent(value) ? undefined : textIn(value, field)
}

export function optionalNumber(value: unknown, field: string): number | undefined {
  if (isAbsent(value)) return undefined
  // JSON can spell a number beyond all bounds: 1e400 arrives as Infinity.
  if (typeof value !== 'number' || !Number.isFinite(value)) throw refuse(`${field} must be a number.`)
  return value
}

export function optionalFlag(value: unknown, field: string): boolean | undefined {
  if (isAbsent(value)) return undefined
  if (typeof value !== 'boolean') throw refuse(`${field} must be true or false.`)
  return value
}

export function objectIn(value: unknown, field: string): Json {
  if (!isObject(value)) throw refuse(`${field} must be an object.`)
  return value
}

export function optionalObject(value: unknown, field: string): Json | undefined {
  return isAbsent(value) ? undefined : objectIn(value, field)
}

/** An absent list is an empty one. */
export function listIn(value: unknown, field: string): readonly unknown[] {
  if (isAbsent(value)) return []
  if (!Array.isArray(value)) throw refuse(`${field} must be a list.`)
  return value as readonly unknown[]
}

/** One string or a list of them. */
export function textsIn(value: unknown, field: string): readonly string[] {
  if (typeof value === 'string') return [value]
  return listIn(value, field).map((one, index) => textIn(one, `${field}[${index}]`))
}

export function modelIn(body: Json): string {
  const { model } = body
  if (typeof model !== 'string' || model === '') throw refuse('model must be the name of a model.')
  return model
}

/** A limit of tokens as admission sees it: nothing, zero and less mean that there is none. */
export function limitIn(value: unknown, field: string): number | undefined {
  const limit = optionalNumber(value, field)
  return limit === undefined || limit <= 0 ? undefined : Math.ceil(limit)
}

/** An object of only those members that are known, so that an absent one does not appear as undefined. */
export function known<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(members)) {
    if (value !== undefined) out[key] = value
  }
  return out as { [K in keyof T]?: Exclude<T[K], undefined> }
}
