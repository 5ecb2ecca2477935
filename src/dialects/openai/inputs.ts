import { refuse } from '../fields.ts'

/** Each one a text, or each one a list of token ids. */
export type TextsOrIds = readonly string[] | readonly (readonly number[])[]

/** What `prompt` and `input` hold: a text or several, or the ids of their tokens. */
export function textsOrIdsIn(value: unknown, field: string): TextsOrIds {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value) && value.length > 0) {
    const list = value as readonly unknown[]
    if (list.every(isText)) return list
    if (list.every(isId)) return [list]
    if (list.every(isIdList)) return list
  }
  throw refuse(`${field} must be a string, a list of strings, or one or more lists of token ids.`)
}

export const areTexts = (inputs: TextsOrIds): inputs is readonly string[] => !Array.isArray(inputs[0])

/** What the estimate of a request lacks: to it an id weighs half of the token that it is. */
export function tokensMissed(inputs: TextsOrIds): number {
  if (areTexts(inputs)) return 0
  return Math.ceil(inputs.reduce((ids, list) => ids + list.length, 0) / 2)
}

const isText = (value: unknown): value is string => typeof value === 'string'

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isIdList = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length > 0 && value.every(isId)
