import type { z } from 'zod'
import type { Problem } from './problem.ts'
import { schema } from './schema.ts'

type Issue = z.core.$ZodIssue

/** What the schema found wrong, in words that say what to write. */
export function shapeProblems(issues: readonly Issue[], input: unknown): Problem[] {
  return issues.flatMap((issue) => problemsOf(issue, input))
}

function problemsOf(issue: Issue, input: unknown): Problem[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol')
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(path)
      return issue.keys.map((key) => ({ path: [...path, key], atKey: true, text: unknownKey(key, known) }))
    }
    case 'invalid_union':
      return [{ path, text: unionText(issue, path) }]
    case 'invalid_type':
      return [missing(path, input) ? { path, text: 'is missing' } : { path, text: `has to be ${typeName(issue.expected)}` }]
    case 'invalid_value':
      return [{ path, text: `has to be ${issue.values.map(String).join(', ').replace(/, ([^,]*)$/, ' or $1')}` }]
    case 'too_small':
      return [{ path, text: issue.origin === 'string' ? 'is empty' : `has to be at least ${issue.minimum}${issue.origin === 'array' ? ' long' : ''}` }]
    case 'too_big':
      return [{ path, text: `has to be at most ${issue.maximum}` }]
    default:
      return [{ path, text: issue.message }]
  }
}

function unionText(issue: Extract<Issue, { code: 'invalid_union' }>, path: readonly (string | number)[]): string {
  if (path.at(-1) === 'concurrency') return 'has to be auto or a whole number of at least 1'
  const inner = issue.errors.flat().map((one) => (one.code === 'invalid_type' ? typeName(one.expected) : one.message))
  return `has to be ${[...new Set(inner)].join(' or ')}`
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a group of keys',
  record: 'a group of keys',
  array: 'a list',
}

const typeName = (expected: string): string => typeNames[expected] ?? expected

function missing(path: readonly (string | number)[], input: unknown): boolean {
  let at: unknown = input
  for (const step of path) at = (at as Record<string | number, unknown> | null | undefined)?.[step]
  return at === undefined
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = known.map((word) => ({ word, far: distance(key, word) })).toSorted((a, b) => a.far - b.far)[0]
  const meant = near !== undefined && near.far <= Math.max(2, key.length / 3) ? `did you mean "${near.word}"? ` : ''
  return `there is no such key; ${meant}Known here: ${known.join(', ')}`
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly additionalProperties?: JsonSchema | boolean
}

let described: JsonSchema | undefined

/** The keys that may stand at a path, read from the schema itself. */
function keysAt(path: readonly (string | number)[]): string[] {
  described ??= schema.toJSONSchema({ target: 'draft-07', io: 'input' }) as JsonSchema
  let at: JsonSchema | undefined = described
  for (const step of path) {
    const extra: JsonSchema | undefined = typeof at?.additionalProperties === 'object' ? at.additionalProperties : undefined
    at = typeof step === 'number' ? at?.items : (at?.properties?.[step] ?? extra)
  }
  return Object.keys(at?.properties ?? {}).filter((key) => key !== '$schema')
}

/** Edits from one word to the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= to.length; j += 1) {
      const swap = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, swap))
    }
    row = next
  }
  return row[to.length]!
}
