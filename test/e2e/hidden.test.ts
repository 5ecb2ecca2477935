/** A request may carry a second one that only the server behind would see. None ever gets there. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { RawClient } from '../http/raw.ts'
import { bodyOf, heardOf, post, wires } from './raw.ts'
import { stage } from './rig.ts'

const hidden = (path: string): string => {
  const body = bodyOf('Say what was hidden.', false)
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

interface Envelope {
  readonly line?: string
  readonly headers: readonly string[]
  readonly body: string
}

/** The ways in which a second request is hidden in a first one. */
function envelopes(path: string): Record<string, Envelope> {
  const inner = hidden(path)
  const open = bodyOf('Say 3 words.', false)
  const size = open.length.toString(16)
  const chunked = `${size}\r\n${open}\r\n0\r\n\r\n${inner}`
  const length = (text: string): string => `Content-Length: ${text.length}`
  return {
    'behind the last chunk, beside a Content-Length': {
      headers: [length(chunked), 'Transfer-Encoding: chunked'],
      body: chunked,
    },
    'behind a Content-Length, beside chunks': {
      headers: ['Transfer-Encoding: chunked', length(open)],
      body: open + inner,
    },
    'between two Content-Lengths': { headers: [length(open), length(open + inner)], body: open + inner },
    'in a list of Content-Lengths': {
      headers: [`Content-Length: ${open.length}, ${open.length + inner.length}`],
      body: open + inner,
    },
    'behind a signed Content-Length': { headers: [`Content-Length: +${open.length}`], body: open + inner },
    'behind an unknown Transfer-Encoding': { headers: ['Transfer-Encoding: xchunked'], body: chunked },
    'behind a Transfer-Encoding that is chunked and more': {
      headers: ['Transfer-Encoding: chunked, identity'],
      body: chunked,
    },
    'behind a Transfer-Encoding with a tab in its name': {
      headers: [length(open), 'Transfer-Encoding\t: chunked'],
      body: open + inner,
    },
    'behind a Transfer-Encoding on a folded line': {
      headers: [length(open), 'X-A: a', ' Transfer-Encoding: chunked'],
      body: open + inner,
    },
    'behind a bare LF that hides a header': {
      headers: [length(open), 'X-A: a\nTransfer-Encoding: chunked'],
      body: open + inner,
    },
    'behind a NUL in a header': { headers: [length(open), 'X-A: a\0b'], body: open + inner },
    'behind a chunk of negative size': {
      headers: ['Transfer-Encoding: chunked'],
      body: `-1\r\n${open}\r\n0\r\n\r\n${inner}`,
    },
    'behind a chunk size beyond 64 bits': {
      headers: ['Transfer-Encoding: chunked'],
      body: `1${'0'.repeat(16)}\r\n${open}\r\n0\r\n\r\n${inner}`,
    },
    'in a chunk extension with a bare LF': {
      headers: ['Transfer-Encoding: chunked'],
      body: `${size};a=\n${open}\r\n0\r\n\r\n${inner}`,
    },
    'behind two Hosts': { headers: ['Host: other', length(open)], body: open + inner },
    'in the body of a GET': { line: 'GET /v1/models HTTP/1.1', headers: [length(inner)], body: inner },
    'in a body for a door that does not exist': {
      line: 'POST /nowhere HTTP/1.1',
      headers: [length(inner)],
      body: inner,
    },
    'in a body of a type that is not read': { headers: ['Content-Encoding: gzip', length(inner)], body: inner },
    'in a body that is too large': { headers: ['Content-Length: 99999999'], body: inner },
    'behind an upgrade to another protocol': {
      headers: ['Connection: Upgrade', 'Upgrade: h2c', 'Content-Length: 0'],
      body: inner,
    },
    'behind HTTP/1.0 that is chunked': {
      line: `POST ${path} HTTP/1.0`,
      headers: ['Transfer-Encoding: chunked'],
      body: chunked,
    },
  }
}

suite('A hidden second request never reaches a server:', { concurrency: 8 }, () => {
  for (const wire of wires) {
    for (const [where, { line = `POST ${wire.path} HTTP/1.1`, headers, body }] of Object.entries(
      envelopes(wire.path),
    )) {
      test(`${where}, with ${wire.name} API`, async (t) => {
        const { server, url } = await stage(t, 'ollama')
        const client = new RawClient(Number(new URL(url).port))
        t.after(() => client.close())
        client.send([line, 'Host: localhost', 'Content-Type: application/json', ...headers, '', body].join('\r\n'))
        client.socket.end()
        const statuses = Array.from((await client.ended()).matchAll(/HTTP\/1\.1 (\d{3})/g), ([, status]) => status)
        assert.ok(statuses.length <= 1 && !statuses.includes('200'), statuses.join(', '))
        assert.deepEqual(server.heard, [])
        assert.notEqual((await heardOf(await post(url, wire, 'Say 3 words.'))).text, '')
        assert.equal(server.heard.length, 1)
      })
    }
  }
})
