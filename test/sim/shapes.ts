/** What an answer is made of, whatever it says: names and kinds of values, in the order in which its pieces came. */
export type Shape = string

/** Names that a server leaves out when there is nothing to tell. */
const optional: ReadonlySet<string> = new Set(['load_duration'])

function shapeOf(value: unknown): Shape {
  if (value === null) return 'null'
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[${shapeOf(value[0])}]`
  if (typeof value !== 'object') return typeof value
  const members = Object.entries(value)
    .filter(([name]) => !optional.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, inner]) => `${name}:${shapeOf(inner)}`).join(',')}}`
}

/** Of a body that may be an object, lines, events or plain text. Pieces of one shape that follow each other are one. */
export function shapesOf(body: string, contentType: string): Shape[] {
  if (contentType.startsWith('application/x-ndjson')) return merged(body.trimEnd().split('\n').map(jsonShape))
  if (!contentType.startsWith('text/event-stream')) return [jsonShape(body)]
  const events = body.split('\n\n').filter((event) => event.trim() !== '')
  return merged(events.map(eventShape))
}

function eventShape(event: string): Shape {
  const lines = event.trim().split('\n')
  return lines
    .map((line) =>
      line.startsWith('data: ') ? `data: ${jsonShape(line.slice(6))}` : line.startsWith(':') ? ':' : line,
    )
    .join(' ')
}

function jsonShape(text: string): Shape {
  try {
    return shapeOf(JSON.parse(text))
  } catch {
    return text.trim()
  }
}

const merged = (shapes: readonly Shape[]): Shape[] => shapes.filter((shape, at) => shape !== shapes[at - 1])
