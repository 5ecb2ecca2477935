import type { Path } from './problem.ts'
import { schema } from './schema.ts'

interface Described {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Described>>
  readonly items?: Described
  readonly additionalProperties?: Described | boolean
  readonly anyOf?: readonly Described[]
}

/** A reference to the environment, which may stand for anything that is not text as well. */
const reference = { type: 'string', pattern: '\\$\\{' }

/** The configuration's JSON Schema, in the draft that YAML editors read. */
export function jsonSchema(): string {
  const made = schema.toJSONSchema({
    target: 'draft-07',
    io: 'input',
    override({ jsonSchema: node }) {
      const { description, default: byDefault, ...rest } = node
      const isAnyText = rest.type === 'string' && rest.enum === undefined && (rest.minLength ?? 0) <= 1
      if (typeof rest.type !== 'string' || isAnyText || /^(object|array)$/.test(rest.type)) return
      for (const key of Object.keys(node)) delete (node as Record<string, unknown>)[key]
      Object.assign(
        node,
        description !== undefined && { description },
        byDefault !== undefined && { default: byDefault },
        { anyOf: [rest, reference] },
      )
    },
  })
  return `${JSON.stringify({ title: 'Spillway', ...made }, undefined, 2)}\n`
}

let described: Described | undefined

/** What may stand at a path, read from the schema itself. */
function describedAt(path: Path): Described | undefined {
  described ??= schema.toJSONSchema({ target: 'draft-07', io: 'input' }) as Described
  let at: Described | undefined = described
  for (const step of path) {
    const extra: Described | undefined =
      typeof at?.additionalProperties === 'object' ? at.additionalProperties : undefined
    // One of several shapes: the one in which such a step leads somewhere.
    const list: Described | undefined = at?.items ?? at?.anyOf?.find(({ items }) => items !== undefined)?.items
    at = typeof step === 'number' ? list : (at?.properties?.[step] ?? extra)
  }
  return at
}

/** The keys that may stand in the group at a path. */
export function keysAt(path: Path): string[] {
  const at = describedAt(path)
  const groups = [at, ...(at?.anyOf ?? [])].flatMap((one) => Object.keys(one?.properties ?? {}))
  return [...new Set(groups)].filter((key) => key !== '$schema')
}

/** The types that a value at a path may have. */
export function typesAt(path: Path): ReadonlySet<string> {
  const at = describedAt(path)
  return new Set([at, ...(at?.anyOf ?? [])].map((one) => one?.type).filter((type) => type !== undefined))
}
