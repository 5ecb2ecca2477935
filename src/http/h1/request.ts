import type { Outbound } from '../../core/world.ts'

type Headers = Outbound['headers']

interface Written {
  readonly method: string
  readonly path: string
  readonly authority: string
  readonly text: string
}

/** Callers send one and the same list of headers again and again: what was checked and written once is kept with it. */
const written = new WeakMap<Headers, Written>()

/** The whole head of a request. Throws a TypeError for what would not arrive as it was meant. */
export function requestHead(out: Outbound, authority: string): string {
  const { method, path, headers, body } = out
  let known = written.get(headers)
  if (known === undefined || known.path !== path || known.method !== method || known.authority !== authority) {
    known = { method, path, authority, text: write(method, path, authority, headers) }
    written.set(headers, known)
  }
  if (body !== undefined) return `${known.text}content-length: ${body.length}\r\n\r\n`
  return method === 'POST' ? `${known.text}content-length: 0\r\n\r\n` : `${known.text}\r\n`
}

/** The transport's own business: a second opinion on these would frame the request differently for every reader. */
const reserved: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
  'expect',
  'te',
  'trailer',
  'upgrade',
])

function write(method: string, path: string, authority: string, headers: Headers): string {
  if (!/^[A-Z]+$/.test(method)) throw new TypeError('The method is not a word in capitals.')
  if (!/^\/[\x21-\x7e]*$/.test(path)) throw new TypeError('The path must begin with a slash and hold no blanks.')
  let text = `${method} ${path} HTTP/1.1\r\nhost: ${authority}\r\n`
  for (const [name, value] of headers) {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) throw new TypeError('A header name holds what no name may hold.')
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw new TypeError(`The value of ${name} holds what no header may hold.`)
    if (reserved.has(name.toLowerCase())) throw new TypeError(`The header ${name} is the transport's to send.`)
    text += `${name}: ${value}\r\n`
  }
  // Nothing here decompresses.
  return `${text}accept-encoding: identity\r\n`
}
