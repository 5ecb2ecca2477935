const fillings = new Map<string, string>()

/** The same as `padEnd`, for prompts: each time it would put a long text together from its many pieces anew. */
export function padded(text: string, length: number, filler: string): string {
  const missing = length - text.length
  if (missing <= 0) return text
  let filling = fillings.get(filler) ?? ''
  if (filling.length < missing) {
    // By way of bytes it becomes one piece.
    filling = Buffer.from(filler.repeat(Math.ceil((2 * missing) / filler.length))).toString()
    fillings.set(filler, filling)
  }
  return text + filling.slice(0, missing)
}
