import { z } from 'zod'
import { readDuration } from '../core/duration.ts'
import { Fault } from '../core/fault.ts'
import type { Json } from '../core/json.ts'
import type { CallerSettings, TeamSettings } from '../core/settings.ts'
import { type Problem, sentence } from './problem.ts'
import { callerName, expiryDate, scopes } from './schema-callers.ts'
import { holderOf } from './settings.ts'
import { shapeProblems } from './shape.ts'

/** What is asked for with a key that is to be made or changed: the same words as for a caller in the configuration. */

/** A key as it is wished for. */
export interface KeyWish {
  readonly name: string
  readonly env: string
  /** As they were written, checked. */
  readonly scopes: Json
  readonly expiresAt: number | undefined
}

type Teams = ReadonlyMap<string, TeamSettings>

interface ReadParts {
  readonly teams: Teams
  readonly nowMs: number
}

const usualEnv = 'live'

/** The longest time that anybody means by a number of days. */
const longestMs = 100 * 366 * 86_400_000

const expires = z
  .string()
  .refine((text) => readDuration(text) !== undefined || expiryDate.safeParse(text).success, {
    error: 'is no time; write 30d, 2027-01-31 or 2027-01-31T12:00:00Z',
  })
  .optional()

const newKey = scopes.extend({
  name: callerName,
  env: z
    .string()
    .regex(/^[a-z0-9]{1,12}$/, 'has to be 1 to 12 small letters and digits, as in live or test')
    .default(usualEnv),
  expires,
})

const change = scopes.extend({ expires })

/** Reads what a new key is to be. Throws a `bad-request` that says all that is wrong. */
export function readNewKey(body: Json, parts: ReadParts): KeyWish {
  const { name, env, expires: until } = checked(newKey, body)
  const { name: _name, env: _env, expires: _expires, ...written } = body
  return { name, env, scopes: allowed(written, parts), expiresAt: timeOf(until, parts) }
}

/** The same key with some of it written anew: what is null is taken out. Throws a `bad-request`. */
export function readKeyChange(body: Json, before: KeyWish, parts: ReadParts): KeyWish {
  for (const key of ['name', 'env', 'key', 'id']) {
    if (key in body) throw bad(`${key}: cannot be changed; make another key`)
  }
  for (const [key, value] of Object.entries(body)) {
    if (value === null && !(key in change.shape)) throw bad(`${key}: there is no such key`)
  }
  const { expires: until, ...written } = body
  const merged = withoutNulls({ ...before.scopes, ...written })
  checked(change, withoutNulls({ ...merged, expires: until }))
  const expiresAt = until === undefined ? before.expiresAt : until === null ? undefined : timeOf(until as string, parts)
  return { ...before, scopes: allowed(merged, parts), expiresAt }
}

/** Whoever holds such a key. Throws a ConfigFault where these scopes mean nothing any more. */
export function readHolder(name: string, written: Json, teams: Teams): Omit<CallerSettings, 'key'> {
  return holderOf(name, scopes.parse(written), teams)
}

/** What was written, where its team is one of those that there are. */
function allowed(written: Json, { teams }: ReadParts): Json {
  const { team } = scopes.parse(written)
  if (team !== undefined && !teams.has(team)) {
    const known =
      teams.size === 0 ? 'list it under teams in the configuration' : `there are ${[...teams.keys()].join(', ')}`
    throw bad(`team: there is no such team; ${known}`)
  }
  return written
}

function checked<T extends z.ZodObject>(schema: T, body: Json): z.output<T> {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  // The words for what is wrong with a key in the configuration are the right ones here.
  const issues = result.error.issues.map((issue) => ({ ...issue, path: [...asCaller, ...issue.path] }))
  const problems = shapeProblems(issues, { callers: [body] })
  throw bad(
    problems
      .map(({ path, text }): Problem => ({ path: path.slice(asCaller.length), text }))
      .map(sentence)
      .join('; '),
  )
}

const asCaller = ['callers', 0] as const

function timeOf(text: string | undefined, { nowMs }: ReadParts): number | undefined {
  if (text === undefined) return undefined
  const spanMs = readDuration(text)
  const at = spanMs === undefined ? Date.parse(text) : nowMs + Math.min(spanMs, longestMs)
  if (at <= nowMs) throw bad('expires: is over already; name a time to come')
  return at
}

const withoutNulls = (body: Json): Json =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null && value !== undefined))

const bad = (message: string): Fault => new Fault('bad-request', `${message}.`)
