import type { Chance } from '../../src/sim/chance.ts'

/** Changes that keep a value near to what it was, so that most of what is made still means something to who reads it. */

export const below = (chance: Chance, limit: number): number => Math.floor(chance() * limit)

export const oneOf = <T>(chance: Chance, choices: readonly T[]): T => choices[below(chance, choices.length)]!

/** What stands where something else was expected. */
const odd: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 53 + 2,
  -(2 ** 31),
  1e308,
  '',
  ' ',
  '\0',
  '\ud800',
  '🦊'.repeat(40),
  'x'.repeat(2_000),
  '{"error":{"message":"no"}}',
  'data: [DONE]\n\n',
  [],
  {},
  [[]],
  [null],
  { type: 'text' },
  { type: 'nothing anybody knows', text: 7 },
  { __proto__: null, constructor: { prototype: 1 } },
  ['a', 1, null, {}],
  nested(30),
]

function nested(depth: number): unknown {
  let value: unknown = 'deep'
  for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? [value] : { a: value }
  return value
}

/** One of its own: what is put somewhere may be changed there. */
const oddOne = (chance: Chance): unknown => structuredClone(oneOf(chance, odd))

/** Names that mean something somewhere. */
const names = [
  'model',
  'stream',
  'messages',
  'content',
  'role',
  'type',
  'text',
  'error',
  'tools',
  'options',
  '__proto__',
]

type Node = Record<string, unknown> | unknown[]

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

/** Changes one thing somewhere in a value. What it was given is changed. */
export function mutateJson(root: Node, chance: Chance): void {
  let node = root
  // Deeper with every step, and as likely to stay.
  for (;;) {
    const inner = Object.values(node).filter(isNode)
    if (inner.length === 0 || chance() < 0.35) break
    node = oneOf(chance, inner)
  }
  const keys = Object.keys(node)
  const key = keys.length === 0 ? undefined : oneOf(chance, keys)
  const held = node as Record<string, unknown>
  const put = (name: string, value: unknown): void => {
    // As a parser would: as a member of its own.
    Object.defineProperty(held, name, { value, enumerable: true, configurable: true, writable: true })
  }
  const choice = chance()
  if (key === undefined || choice < 0.15) {
    if (Array.isArray(node)) node.push(oddOne(chance))
    else put(oneOf(chance, names), oddOne(chance))
  } else if (choice < 0.65) held[key] = nearOf(held[key], chance)
  else if (choice < 0.8) held[key] = oddOne(chance)
  else if (choice < 0.92) {
    if (Array.isArray(node)) node.splice(Number(key), 1)
    else delete held[key]
  } else if (Array.isArray(node)) node.splice(Number(key), 0, structuredClone(node[Number(key)]))
  else put(oneOf(chance, names), structuredClone(held[key]))
}

/** Another value of the same kind. */
function nearOf(value: unknown, chance: Chance): unknown {
  switch (typeof value) {
    case 'number':
      return oneOf(chance, [value + 1, -value, value * 1_000, value / 3, 0])
    case 'boolean':
      return !value
    case 'string':
      return oneOf(chance, [
        value.toUpperCase(),
        `${value} `,
        value.slice(1),
        `${value}${value}`,
        `${value}\u2028"\\`,
        '🦊',
      ])
    default:
      return Array.isArray(value)
        ? [...(value as unknown[]), ...structuredClone(value as unknown[])].slice(0, 20)
        : value
  }
}

/** Signs on which formats turn. */
const telling = Buffer.from('\r\n\0 \t:{}[]",\\0159aeux-+\x7f\xff\xed\xa0', 'latin1')

export interface Manner {
  /** The bytes that come. */
  readonly telling: Buffer
  /** How much may come twice, as a multiple of what may go. */
  readonly twice: number
}

/** Changes a few bytes: some go, some come, some are others, some come twice, or all ends. */
export function mutateBytes(bytes: Buffer, chance: Chance, manner: Manner = { telling, twice: 8 }): Buffer {
  const at = below(chance, bytes.length + 1)
  const size = 1 + below(chance, 8)
  const put = Buffer.from(Array.from({ length: size }, () => oneOf(chance, [...manner.telling])))
  switch (below(chance, 6)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)])
    case 1:
      return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at)])
    case 2:
      return Buffer.concat([bytes.subarray(0, at), put.subarray(0, 1), bytes.subarray(at + 1)])
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - size * manner.twice))])
    case 4:
      return bytes.subarray(0, at)
    default: {
      const flipped = Buffer.from(bytes)
      if (at < flipped.length) flipped[at]! ^= 1 << below(chance, 8)
      return flipped
    }
  }
}

/** Cuts bytes into pieces, as a network would. */
export function cut(bytes: Buffer, chance: Chance, longestMax = 2_000): Buffer[] {
  const pieces: Buffer[] = []
  const longest = 1 + below(chance, longestMax)
  for (let at = 0; at < bytes.length;) {
    const to = at + 1 + below(chance, longest)
    pieces.push(bytes.subarray(at, to))
    at = to
  }
  return pieces
}
