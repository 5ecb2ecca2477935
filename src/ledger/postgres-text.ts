/** The same statement with PostgreSQL's placeholders: `$1` for the first `?`. What stands in quotes or is a remark stays as it is. */
export function numbered(text: string): string {
  let count = 0
  return text.replaceAll(quotedOrMark, (found) => (found === '?' ? `$${(count += 1)}` : found))
}

const quotedOrMark = /'[^']*'|"[^"]*"|--[^\n]*|\?/g

/** Where texts are made up as they are needed, such as lists of ids, not each of them is worth a name. */
const namesMost = 256

export interface Prepared {
  readonly text: string
  /** What the server remembers it by; undefined for one that it need not remember. */
  readonly name: string | undefined
}

const known = new Map<string, Prepared>()

/** As the server wants it. A text that comes again has the same name, so that it is planned once for each connection. */
export function preparedOf(text: string): Prepared {
  const before = known.get(text)
  if (before !== undefined) return before
  const prepared = { text: numbered(text), name: known.size < namesMost ? `spillway_${known.size}` : undefined }
  if (prepared.name !== undefined) known.set(text, prepared)
  return prepared
}
