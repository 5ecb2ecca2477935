import { gzipSync } from 'node:zlib'
import type { Exchange } from '../server/exchange.ts'
import { everywhere, type Fault, type Pairing, streams } from './fault.ts'

const wholeOnly = ({ serverStreams }: Pairing): boolean => !serverStreams

/** Bytes in the middle of the chunked coding that make a lie of it. */
const chunks = (name: string, bytes: (ping: string) => string): Fault => ({
  name,
  phases: ['opening', 'mid', 'end'],
  nature: 'broken',
  where: streams,
  strike: ({ socket, wire }) => void socket.end(Buffer.from(bytes(wire.ping), 'latin1')),
})

const bodyOf = ({ question, wire }: Exchange): string => {
  if (!question.stream) return wire.whole(question)
  const { opening, words, closing } = wire.frames(question)
  return [...opening, ...words, ...closing].join('')
}

const typeOf = ({ question, wire }: Exchange): string => (question.stream ? wire.streamType : 'application/json')

/** The whole of a right answer, in other words of HTTP. */
const whole = (
  name: string,
  say: (body: Buffer, type: string) => string | Buffer | readonly (string | Buffer)[],
  more: Partial<Fault> & { readonly ends?: boolean } = {},
): Fault => {
  const { ends = false, ...fault } = more
  return {
    name,
    phases: ['head'],
    nature: 'sound',
    ...fault,
    strike: (exchange) => {
      const said = say(Buffer.from(bodyOf(exchange)), typeOf(exchange))
      for (const bytes of Array.isArray(said) ? (said as (string | Buffer)[]) : [said as string | Buffer])
        exchange.say(bytes)
      if (ends) exchange.socket.end()
    },
  }
}

const joined = (...pieces: (string | Buffer)[]): Buffer => Buffer.concat(pieces.map((piece) => Buffer.from(piece)))

const ok = (type: string, ...lines: string[]): string =>
  `HTTP/1.1 200 OK\r\n${[`Content-Type: ${type}`, ...lines].map((line) => `${line}\r\n`).join('')}\r\n`

const size = (bytes: Buffer): string => `${bytes.length.toString(16)}\r\n`

/** An answer to a question that nobody asked. */
const poison = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"poison":"yes"}'

export const framings: readonly Fault[] = [
  chunks('chunk-too-long', (ping) => `fff\r\n${ping}\r\n0\r\n\r\n`),
  chunks('chunk-too-short', (ping) => `0a\r\n${ping.padEnd(20)}\r\n0\r\n\r\n`),
  chunks('chunk-negative', (ping) => `-5\r\n${ping}\r\n0\r\n\r\n`),
  chunks('chunk-huge', (ping) => `ffffffffffffffffff\r\n${ping}`),
  chunks('chunk-no-size', (ping) => `\r\n${ping}\r\n0\r\n\r\n`),
  chunks('chunk-0x', (ping) => `0x5\r\n${ping}\r\n0\r\n\r\n`),
  whole('length-too-long', (body, type) => joined(ok(type, `Content-Length: ${body.length + 50}`), body), {
    nature: (_, { serverStreams }) => (serverStreams ? 'open' : 'broken'),
    ends: true,
  }),
  whole('length-too-short', (body, type) => joined(ok(type, `Content-Length: ${Math.floor(body.length / 2)}`), body), {
    nature: (_, { serverStreams }) => (serverStreams ? 'open' : 'broken'),
  }),
  whole('length-streamed', (body, type) => joined(ok(type, `Content-Length: ${body.length}`), body)),
  whole('more-behind', (body, type) => joined(ok(type, `Content-Length: ${body.length}`), body, poison)),
  whole('more-behind-chunks', (body, type) =>
    joined(ok(type, 'Transfer-Encoding: chunked'), size(body), body, '\r\n0\r\n\r\n', poison),
  ),
  whole('http-1.0', (body, type) => joined(`HTTP/1.0 200 OK\r\nContent-Type: ${type}\r\n\r\n`, body), { ends: true }),
  whole('until-close', (body, type) => joined(ok(type, 'Connection: close'), body), { ends: true }),
  whole('close-announced', (body, type) =>
    joined(ok(type, 'Connection: close', `Content-Length: ${body.length}`), body),
  ),
  whole('continue', (body, type) =>
    joined('HTTP/1.1 100 Continue\r\n\r\n', ok(type, `Content-Length: ${body.length}`), body),
  ),
  whole('early-hints', (body, type) =>
    joined('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', ok(type, `Content-Length: ${body.length}`), body),
  ),
  whole('trailers', (body, type) =>
    joined(
      ok(type, 'Transfer-Encoding: chunked', 'Trailer: X-Sum'),
      size(body),
      body,
      '\r\n0\r\nX-Sum: 1\r\nServer-Timing: a;dur=1\r\n\r\n',
    ),
  ),
  whole('chunk-extension', (body, type) =>
    joined(ok(type, 'Transfer-Encoding: chunked'), `${body.length.toString(16)};a="b"\r\n`, body, '\r\n0;end\r\n\r\n'),
  ),
  whole('small-letters', (body, type) =>
    joined(`HTTP/1.1 200 \r\ncontent-type:${type}\r\ncontent-length:${body.length}\r\n\r\n`, body),
  ),
  whole('no-type', (body) => joined(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`, body)),
  whole('wrong-type', (body) => joined(ok('text/plain', `Content-Length: ${body.length}`), body)),
  whole(
    'gzip-claimed',
    (body, type) => joined(ok(type, 'Content-Encoding: gzip', `Content-Length: ${body.length}`), body),
    {
      nature: 'open',
    },
  ),
  whole(
    'gzip',
    (body, type) => {
      const packed = gzipSync(body)
      return joined(ok(type, 'Content-Encoding: gzip', `Content-Length: ${packed.length}`), packed)
    },
    { nature: 'broken' },
  ),
  {
    name: 'stale',
    phases: ['head'],
    nature: 'cured',
    where: everywhere,
    strike: staleOnce(),
  },
  {
    name: 'whole-for-stream',
    phases: ['head'],
    // A stream of lines may have but one.
    nature: (_, { passes, server }) => (passes && server !== 'ollama' ? 'broken' : 'open'),
    where: ({ stream, serverStreams }) => stream && serverStreams,
    strike: ({ question, wire, socket }) => {
      const text = wire.whole(question)
      socket.write(`${ok('application/json', `Content-Length: ${Buffer.byteLength(text)}`)}${text}`)
    },
  },
  {
    name: 'stream-for-whole',
    phases: ['head'],
    // An object that is not done, where that is one that was given up.
    nature: (_, { server }) => (server === 'ollama' ? 'open' : 'broken'),
    where: wholeOnly,
    strike: ({ question, wire, socket }) => {
      const { opening, words, closing } = wire.frames(question)
      const text = [...opening, ...words, ...closing].join('')
      socket.write(`${ok(wire.streamType, `Content-Length: ${Buffer.byteLength(text)}`)}${text}`)
    },
  },
]

/** The first request is met by a reset, as on a connection that has just been given up; the next is served. */
function staleOnce(): Fault['strike'] {
  const met = new Set<string>()
  return async (exchange) => {
    const { text } = exchange.question
    if (met.has(text)) {
      met.delete(text)
      await exchange.sayUntil('over')
    } else {
      met.add(text)
      exchange.socket.resetAndDestroy()
    }
  }
}
