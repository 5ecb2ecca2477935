import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Outbound } from '../../core/world.ts'
import type { Suite } from './conformance.test-helper.ts'
import { connected, get, post, read, says } from './wire.test-helper.ts'

/** What is sent arrives as it was meant, and so does what is answered. */
export function readingConforms(suite: Suite): void {
  const { name, differs } = suite

  describe(`${name}: what is sent`, () => {
    test('the request arrives as it was meant, with the length of its body', async (context) => {
      const { wire, client } = await connected(context, suite, says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      const body = Buffer.from('{"text":"grüße 🦊"}')
      const out = {
        ...post(wire.origin, '/v1/chat?x=1', undefined, body),
        headers: [
          ['x-api-key', 'k1'],
          ['X-B', 'b'],
        ] as const,
      }
      assert.equal((await read(await client.send(out))).toString(), 'ok')
      const { text } = wire.asked[0]!
      const lines = text.toLowerCase().split('\r\n')
      assert.match(text, /^POST \/v1\/chat\?x=1 HTTP\/1\.1\r\nhost: 127\.0\.0\.1:/i)
      for (const line of [`content-length: ${body.length}`, 'x-api-key: k1', 'x-b: b', 'accept-encoding: identity']) {
        assert.ok(lines.includes(line), line)
      }
      assert.equal(Buffer.from(text, 'latin1').subarray(-body.length).toString(), body.toString())
    })

    test('a large body arrives whole', async (context) => {
      const { wire, client } = await connected(context, suite, says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      const body = Buffer.alloc(3_000_000, 'abcdefg')
      await read(await client.send(post(wire.origin, '/', undefined, body)))
      assert.equal(wire.asked[0]!.text.slice(-body.length), body.toString('latin1'))
    })

    test('headers sent before go to another path, another server and with another method just as well', async (context) => {
      const ok = says('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      const { wire, client } = await connected(context, suite, ok)
      const { wire: other } = await connected(context, suite, ok)
      const out = { ...get(wire.origin, '/one'), headers: [['x-a', 'b']] as const }
      await read(await client.send(out))
      await read(await client.send({ ...out, path: '/two' }))
      await read(await client.send({ ...out, path: '/two', method: 'DELETE' }))
      await read(await client.send({ ...out, path: '/two', method: 'DELETE', origin: other.origin }))
      const seen = [...wire.asked, ...other.asked].map(({ text }) => text.split('\r\n', 2).join(' ').toLowerCase())
      const [here, there] = [wire, other].map(({ port }) => `http/1.1 host: 127.0.0.1:${port}`)
      assert.deepEqual(seen, [`get /one ${here}`, `get /two ${here}`, `delete /two ${here}`, `delete /two ${there}`])
    })

    test('a POST without a body says that its length is 0', async (context) => {
      const { wire, client } = await connected(context, suite, says('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
      await read(await client.send({ ...post(wire.origin), body: undefined }))
      assert.match(wire.asked[0]!.text, /\r\ncontent-length: 0\r\n/i)
    })

    const unsendable: Readonly<Record<string, Partial<Outbound>>> = {
      'a value with a line break': { headers: [['x-a', 'b\r\nx-c: d']] },
      'a value with a NUL': { headers: [['x-a', 'b\0']] },
      'a value beyond latin1': { headers: [['x-a', '🦊']] },
      'a name with a blank': { headers: [['x a', 'b']] },
      'a Content-Length of its own': { headers: [['Content-Length', '5']] },
      'a Transfer-Encoding of its own': { headers: [['transfer-encoding', 'chunked']] },
      'a path with a blank': { path: '/a b' },
      'a path with a line break': { path: '/a\r\nx: y' },
      'a path without a slash': { path: 'http://elsewhere/' },
      'an origin with a path': { origin: 'http://127.0.0.1:1/path' },
      'an origin of another scheme': { origin: 'ftp://127.0.0.1' },
    }
    for (const [what, fields] of Object.entries(unsendable)) {
      test(`${what} is not sent`, async (context) => {
        const { wire, client } = await connected(context, suite, says('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
        await assert.rejects(client.send({ ...get(wire.origin), ...fields }), TypeError)
        assert.equal(wire.asked.length, 0)
      })
    }
  })

  describe(`${name}: what is read`, () => {
    interface Fine {
      readonly bytes: string
      readonly body?: string
      readonly status?: number
      readonly method?: 'HEAD'
      readonly headers?: Readonly<Record<string, string>>
      /** The server ends the connection behind it. */
      readonly closes?: boolean
    }
    const fine: Readonly<Record<string, Fine>> = {
      'a body of known length': { bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', body: 'hello' },
      'a body in chunks': {
        bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
        body: 'hello world',
      },
      'a body that ends with the connection': { bytes: 'HTTP/1.1 200 OK\r\n\r\nhello', body: 'hello', closes: true },
      'an empty body that ends with the connection': { bytes: 'HTTP/1.1 200 OK\r\n\r\n', closes: true },
      'an answer in HTTP/1.0': { bytes: 'HTTP/1.0 200 OK\r\n\r\nhello', body: 'hello', closes: true },
      'an empty body': { bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
      'an empty body in chunks': { bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' },
      'a status without a reason': { bytes: 'HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n', status: 404 },
      'a status with nothing behind it': { bytes: 'HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n', status: 503 },
      '204 without a body': { bytes: 'HTTP/1.1 204 No Content\r\n\r\n', status: 204 },
      '304 with the length of what is not sent': {
        bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
        status: 304,
      },
      'an answer to HEAD': { method: 'HEAD', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n' },
      'an answer to HEAD in chunks': { method: 'HEAD', bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' },
      'the final answer behind early hints': {
        bytes: 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nok',
        status: 201,
        body: 'ok',
      },
      'the final answer behind a continue that nobody waited for': {
        bytes:
          'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nok',
        status: 201,
        body: 'ok',
      },
      'a coding in capitals': {
        bytes: 'HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
        body: 'ok',
      },
      'sizes in capitals and with zeros before': {
        bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00A\r\n0123456789\r\n000\r\n\r\n',
        body: '0123456789',
      },
      'chunks with extensions and trailers': {
        bytes:
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b;c="a longer value, well"\r\nok\r\n0;last\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n',
        body: 'ok',
      },
      'fields with and without blanks, empty ones and repeated ones': {
        bytes: 'HTTP/1.1 200 OK\r\nContent-Length:0\r\nX-Empty:\r\nX-A: \t one two \t\r\nx-rep: 1\r\nX-REP: 2\r\n\r\n',
        headers: { 'x-empty': '', 'x-a': 'one two', 'x-rep': '1, 2', 'content-length': '0' },
      },
      'values beyond ASCII': {
        bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: gr\xfc\xdfe\r\n\r\n',
        headers: { 'x-a': 'grüße' },
      },
    }
    for (const [what, { bytes, body = '', status = 200, method, headers = {}, closes = false }] of Object.entries(
      fine,
    )) {
      if (differs.has(what)) continue
      test(`${what} is read as it is meant`, async (context) => {
        const { wire, client } = await connected(context, suite, ({ socket }) => {
          socket.write(bytes, 'latin1')
          if (closes) socket.end()
        })
        const inbound = await client.send({ ...get(wire.origin), ...(method === undefined ? {} : { method }) })
        assert.equal(inbound.status, status)
        for (const [field, value] of Object.entries(headers)) assert.equal(inbound.headers[field], value)
        assert.equal((await read(inbound)).toString('latin1'), body)
      })
    }

    test('a body cut anywhere by the network is the same body', async (context) => {
      const frames = ['data: {"text":"gr\xfc\xdfe"}\n\n', 'data: 2\n\n']
      const [first, second] = frames.map((frame) => frame.length.toString(16))
      const bytes = Buffer.from(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
          `${first}\r\n${frames[0]}\r\n${second};e=1\r\n${frames[1]}\r\n0\r\nX-T: 1\r\n\r\n`,
        'latin1',
      )
      let cut = 0
      const { wire, client } = await connected(context, suite, ({ socket }) => {
        cut += 1
        const rest = bytes.subarray(cut)
        socket.write(bytes.subarray(0, cut))
        setImmediate(() => setImmediate(() => socket.write(rest)))
      })
      while (cut < bytes.length - 1) {
        const body = await read(await client.send(get(wire.origin)))
        assert.equal(body.toString('latin1'), frames.join(''), `cut at ${cut}`)
      }
    })

    test('a body is read while it comes, not when it is whole', async (context) => {
      const { wire, client } = await connected(
        context,
        suite,
        says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n'),
      )
      const inbound = await client.send(post(wire.origin))
      const source = inbound.body[Symbol.asyncIterator]()
      assert.equal(Buffer.from((await source.next()).value).toString(), 'one')
      const next = source.next()
      wire.sockets[0]!.write('3\r\ntwo\r\n0\r\n\r\n')
      assert.equal(Buffer.from((await next).value).toString(), 'two')
      assert.equal((await source.next()).done, true)
      assert.equal((await source.next()).done, true)
    })
  })
}
