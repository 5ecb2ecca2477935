import { type Edits, isObject, type Json } from '../core/json.ts'

/**
 * Every name under which some server takes a limit of tokens. One that a body says beside the dialect's own would be obeyed
 * by those servers, and it is not what was looked at.
 */
const names: ReadonlySet<string> = new Set([
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'max_new_tokens',
  'max_length',
  'n_predict',
  'num_predict',
])

/**
 * Classes of service at the usual price or below it. A dearer one (`priority`, `fast`) costs several times what was set
 * aside, so who asks for it gets the usual one.
 */
const usualService: ReadonlyMap<string, ReadonlySet<unknown>> = new Map<string, ReadonlySet<unknown>>([
  ['service_tier', new Set(['auto', 'default', 'standard', 'standard_only', 'on_demand', 'flex', null])],
  ['speed', new Set(['standard', null])],
])

/** Servers written in Go mind neither case nor letters that only fold to ASCII. */
const folded = (key: string): string => key.normalize('NFKC').toLowerCase()

/** A limit that holds everybody. Zero and less mean that there is none, and a text may be read as any number. */
const holds = (limit: unknown, tokens: number): boolean => typeof limit === 'number' && limit > 0 && limit <= tokens

/**
 * Holds a body to so many tokens, under the names that its dialect has for it: `own`, the usual first. Undefined when it
 * keeps to that already.
 */
export function limitEditsOf(body: Json, tokens: number, own: readonly string[]): Edits | undefined {
  const edits: Record<string, unknown> = {}
  for (const key in body) {
    if (own.includes(key)) {
      if (!holds(body[key], tokens)) edits[key] = body[key] === null ? undefined : tokens
    } else if (names.has(folded(key)) || usualService.get(folded(key))?.has(body[key]) === false) edits[key] = undefined
  }
  const [usual = ''] = own
  if (own.every((name) => body[name] === undefined || body[name] === null)) edits[usual] = tokens
  // Whoever has to say more than he may is refused.
  const least = body['min_tokens']
  if (typeof least === 'number' && least > tokens) edits['min_tokens'] = tokens
  for (const _ in edits) return edits
  return undefined
}

/** The same where the limit is one of the options. */
export function limitInOptions(body: Json, tokens: number): Edits | undefined {
  const edits: Record<string, unknown> = {}
  for (const key in body) if (key !== 'options' && folded(key) === 'options') edits[key] = undefined
  const options = isObject(body['options']) ? body['options'] : {}
  const inside = limitEditsOf(options, tokens, ['num_predict'])
  if (inside !== undefined) {
    const changed = Object.entries({ ...options, ...inside }).filter(([, value]) => value !== undefined)
    edits['options'] = Object.fromEntries(changed)
  }
  for (const _ in edits) return edits
  return undefined
}
