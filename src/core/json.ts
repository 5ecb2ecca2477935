/** A JSON object as it came over the wire. Fields nobody here knows stay in it. */
export type Json = Readonly<Record<string, unknown>>

/**
 * A change to the top level of a JSON object: each key gets its new value, or goes when the value is undefined.
 * Edits can be made to the parsed object and to the very bytes it was parsed from, which leaves all other bytes alone.
 */
export type Edits = Readonly<Record<string, unknown>>

export function applyEdits(body: Json, edits: Edits): Json {
  const edited: Record<string, unknown> = { ...body }
  for (const [key, value] of Object.entries(edits)) {
    if (value === undefined) delete edited[key]
    else edited[key] = value
  }
  return edited
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
