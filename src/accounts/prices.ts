import type { Price, Rates } from '../core/money.ts'
import { type Purchase, Shops } from './shelves.ts'

export type { Purchase }

/**
 * What a model costs, by the name that its server has for it: as configured, else as the public list has it. Undefined where
 * nobody knows: a name is never taken for another that is like it, since that one may be cheaper.
 */
export function priceOf(model: string, own: ReadonlyMap<string, Price>, purchase: Purchase = {}): Price | undefined {
  const name = model.toLowerCase()
  const given = own.get(name)
  return given === undefined ? listed().priceOf(name, purchase) : completed(given, name)
}

const complete = new WeakMap<Price, Price>()

/**
 * Whoever writes down what reading and writing cost, and not what it costs to have something kept, still pays for that: as
 * many times the price of reading as the list knows for such a model.
 */
function completed(given: Price, name: string): Price {
  const known = complete.get(given)
  if (known !== undefined) return known
  const usual = given.cacheWrite === undefined ? listed().priceOf(name, { needs: [] }) : undefined
  const whole = usual === undefined ? given : { ...given, ...writingLike(usual, given.input) }
  complete.set(given, whole)
  return whole
}

function writingLike(
  { input, cacheWrite = input, cacheWriteHour = cacheWrite }: Rates,
  reading: number,
): Partial<Rates> {
  const times = (write: number): number => (input === 0 ? reading : Math.ceil(reading * Math.max(1, write / input)))
  return {
    ...(cacheWrite > input && { cacheWrite: times(cacheWrite) }),
    ...(cacheWriteHour > input && { cacheWriteHour: times(cacheWriteHour) }),
  }
}

/** Of what day the public prices are. */
export const priceListDay = (): string => listed().day

let read: Shops | undefined
/** Not before somebody wants it: a gateway without a cloud never does. */
const listed = (): Shops => (read ??= new Shops())
