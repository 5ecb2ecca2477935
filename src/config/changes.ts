import { isDeepStrictEqual } from 'node:util'

const namesMax = 30

/**
 * Names of what is another in one configuration than in the other, two steps deep: `prices.gpt-5-mini`, `callers.chat-ui`. Values
 * have no place in it: they may be secrets.
 */
export function changedNames(before: object, after: object): readonly string[] {
  const names = differing(namedParts(before), namedParts(after)).flatMap((name) => {
    const [one, other] = [before, after].map((config) => partOf(config, name))
    if (!isGroup(one) || !isGroup(other)) return [name]
    return differing(namedParts(one), namedParts(other)).map((part) => `${name}.${part}`)
  })
  return names.length <= namesMax ? names : [...names.slice(0, namesMax), `and ${names.length - namesMax} more`]
}

const isGroup = (value: unknown): value is object => typeof value === 'object' && value !== null

const partOf = (config: object, name: string): unknown => namedParts(config).get(name)

/** Of a list, what has a name goes by it. */
function namedParts(group: object): ReadonlyMap<string, unknown> {
  if (!Array.isArray(group)) return new Map(Object.entries(group))
  return new Map(group.map((one: unknown, i) => [isGroup(one) && 'name' in one ? String(one.name) : String(i), one]))
}

const differing = (one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): readonly string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter((name) => !isDeepStrictEqual(one.get(name), other.get(name)))
