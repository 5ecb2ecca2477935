import type { z } from 'zod'
import { keysAt } from './json-schema.ts'
import type { Path, Problem } from './problem.ts'
import { suggestion } from './suggest.ts'

type Issue = z.core.$ZodIssue

/** Stands for a value whose reference led nowhere. That is told where the reference stands, and not again as its shape. */
export const nowhere: unique symbol = Symbol('nowhere')

/** What the schema found wrong, in words that say what to write. No word repeats a value, which may be a secret. */
export function shapeProblems(issues: readonly Issue[], input: unknown): Problem[] {
  return issues.flatMap((issue) => problemsOf(issue, input))
}

function problemsOf(issue: Issue, input: unknown): Problem[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol')
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path)
    return issue.keys.map((key) => ({
      path: [...path, key],
      atKey: true,
      text: `there is no such key; ${suggestion(key, known)}`,
    }))
  }
  const value = valueAt(input, path)
  if (value === nowhere) return []
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((errors) =>
      errors.every(({ path: inside }) => inside.length > 0 || isOfKeys(errors)),
    )
    if (meant !== undefined && typeof value === 'object' && value !== null)
      return meant.flatMap((inner) => problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, input))
  }
  if (value === undefined) return [{ path, text: 'is missing' }]
  if (value === null) return [{ path, text: 'is empty; give it a value, or leave the key out' }]
  return [{ path, text: textOf(issue, value) }]
}

/** Whatever was written has the right outer form for this one of several shapes. */
const isOfKeys = (errors: readonly Issue[]): boolean => errors.every(({ code }) => code === 'unrecognized_keys')

function textOf(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeof value !== 'object' && issue.expected === 'string'
        ? 'has to be text; put it in quotes'
        : `has to be ${typeNames[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `has to be ${issue.values
        .map(String)
        .join(', ')
        .replace(/, ([^,]*)$/, ' or $1')}`
    case 'too_small':
      return tooSmall(issue)
    case 'too_big':
      return `has to be at most ${issue.maximum}${issue.origin === 'string' ? ' letters long' : ''}`
    // The schema's own words.
    default:
      return issue.message
  }
}

function tooSmall({ origin, minimum, inclusive }: Extract<Issue, { code: 'too_small' }>): string {
  if (origin === 'array') return 'is empty; list at least one'
  if (origin === 'string') return minimum === 1 ? 'is empty' : `has to be at least ${minimum} letters long`
  return inclusive === false ? `has to be more than ${minimum}` : `has to be at least ${minimum}`
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

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<string | number, unknown> | null | undefined)?.[step], input)
}
