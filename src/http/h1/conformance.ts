import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { NetFault, type Inbound, type Outbound } from '../../core/world.ts'
import type { HttpClientOptions } from './client.ts'
import { cutShort, faultyBodies, faultyHeads } from './faults.ts'
import { get, listen, post, read, turns, until, type Asked, type Wire } from './wire.ts'

export interface Candidate {
  send(out: Outbound): Promise<Inbound>
  close(): Promise<void>
}

export interface Suite {
  readonly name: string
  open(options?: HttpClientOptions): Candidate
  /** What it reads differently and we cannot change, by the names of the cases. */
  readonly differs: ReadonlySet<string>
  /** Fired while a connection is being made, the signal also ends the attempt. */
  readonly abortsConnecting: boolean
}

/** What anything that carries `World.send` has to do. */
export function conformance({ name, open, differs, abortsConnecting }: Suite): void {
  const connect = async (context: TestContext, answer: (asked: Asked) => void): Promise<{ wire: Wire; client: Candidate }> => {
    const wire = await listen(answer)
    const client = open()
    context.after(async () => {
      await client.close()
      await wire.close()
    })
    return { wire, client }
  }
  const says = (bytes: string) => (asked: Asked) => void asked.socket.write(bytes, 'latin1')

  describe(`${name}: what is sent`, () => {
    test('the request arrives as it was meant, with the length of its body', async (context) => {
      const { wire, client } = await connect(context, says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      const body = Buffer.from('{"text":"grüße 🦊"}')
      const out = { ...post(wire.origin, '/v1/chat?x=1', undefined, body), headers: [['x-api-key', 'k1'], ['X-B', 'b']] as const }
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
      const { wire, client } = await connect(context, says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      const body = Buffer.alloc(3_000_000, 'abcdefg')
      await read(await client.send(post(wire.origin, '/', undefined, body)))
      assert.equal(wire.asked[0]!.text.slice(-body.length), body.toString('latin1'))
    })

    test('a POST without a body says that its length is 0', async (context) => {
      const { wire, client } = await connect(context, says('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
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
        const { wire, client } = await connect(context, says('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
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
      '304 with the length of what is not sent': { bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', status: 304 },
      'an answer to HEAD': { method: 'HEAD', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n' },
      'an answer to HEAD in chunks': { method: 'HEAD', bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' },
      'the final answer behind early hints': {
        bytes: 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nok',
        status: 201,
        body: 'ok',
      },
      'the final answer behind a continue that nobody waited for': {
        bytes: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nok',
        status: 201,
        body: 'ok',
      },
      'a coding in capitals': { bytes: 'HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', body: 'ok' },
      'sizes in capitals and with zeros before': {
        bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00A\r\n0123456789\r\n000\r\n\r\n',
        body: '0123456789',
      },
      'chunks with extensions and trailers': {
        bytes:
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b;c="d e"\r\nok\r\n0;last\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n',
        body: 'ok',
      },
      'fields with and without blanks, empty ones and repeated ones': {
        bytes:
          'HTTP/1.1 200 OK\r\nContent-Length:0\r\nX-Empty:\r\nX-A: \t one two \t\r\nx-rep: 1\r\nX-REP: 2\r\n\r\n',
        headers: { 'x-empty': '', 'x-a': 'one two', 'x-rep': '1, 2', 'content-length': '0' },
      },
      'values beyond ASCII': {
        bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: gr\xfc\xdfe\r\n\r\n',
        headers: { 'x-a': 'grüße' },
      },
    }
    for (const [what, { bytes, body = '', status = 200, method, headers = {}, closes = false }] of Object.entries(fine)) {
      if (differs.has(what)) continue
      test(`${what} is read as it is meant`, async (context) => {
        const { wire, client } = await connect(context, ({ socket }) => {
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
      const { wire, client } = await connect(context, ({ socket }) => {
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
      const { wire, client } = await connect(context, says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n'))
      const inbound = await client.send(post(wire.origin))
      const source = inbound.body[Symbol.asyncIterator]()
      assert.equal(Buffer.from((await source.next()).value!).toString(), 'one')
      const next = source.next()
      wire.sockets[0]!.write('3\r\ntwo\r\n0\r\n\r\n')
      assert.equal(Buffer.from((await next).value!).toString(), 'two')
      assert.equal((await source.next()).done, true)
      assert.equal((await source.next()).done, true)
    })
  })

  describe(`${name}: what is refused`, () => {
    const faulty = Object.entries({ ...faultyHeads, ...faultyBodies }).filter(([what]) => !differs.has(what))
    for (const [what, bytes] of faulty) {
      test(`${what} is a fault, and the end of the connection`, async (context) => {
        const { wire, client } = await connect(context, says(bytes))
        await assert.rejects(client.send(get(wire.origin, '/', AbortSignal.timeout(2_000))).then(read), isFault('framing'))
        await until(() => wire.sockets.every((socket) => socket.destroyed), 'the connection is closed')
      })
    }
    for (const [when, bytes] of Object.entries(cutShort)) {
      for (const how of ['end', 'resetAndDestroy'] as const) {
        test(`a connection that ends ${when} breaks the answer (${how === 'end' ? 'closed' : 'reset'})`, async (context) => {
          const { wire, client } = await connect(context, ({ socket }) => {
            socket.write(bytes, () => setImmediate(() => socket[how]()))
          })
          await assert.rejects(client.send(post(wire.origin, '/', AbortSignal.timeout(2_000))).then(read), (fault: unknown) => {
            assert.ok(isFault('reset')(fault))
            assert.equal((fault as NetFault).unsent, false)
            return true
          })
        })
      }
    }

    const brokenLate = 'a body that ends with the connection is broken by a reset'
    test(brokenLate, { skip: differs.has(brokenLate) }, async (context) => {
      const { wire, client } = await connect(context, says('HTTP/1.1 200 OK\r\n\r\nhello'))
      const source = (await client.send(get(wire.origin))).body[Symbol.asyncIterator]()
      assert.equal(Buffer.from((await source.next()).value!).toString(), 'hello')
      wire.sockets[0]!.resetAndDestroy()
      await assert.rejects(source.next(), isFault('reset'))
    })

    test('what had arrived before a break is read before the break is told', async (context) => {
      const { wire, client } = await connect(context, ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello', () => setImmediate(() => socket.end()))
      })
      const inbound = await client.send(get(wire.origin))
      await until(() => wire.sockets[0]!.destroyed, 'the connection has ended')
      const source = inbound.body[Symbol.asyncIterator]()
      assert.equal(Buffer.from((await source.next()).value!).toString(), 'hello')
      await assert.rejects(source.next(), isFault('reset'))
    })

    test('a port where nobody listens refuses, and nothing was sent', async (context) => {
      const wire = await listen(() => {})
      const client = open()
      context.after(() => client.close())
      await wire.close()
      for (const host of ['127.0.0.1', 'localhost']) {
        await assert.rejects(client.send(post(`http://${host}:${wire.port}`)), isFault('refused', true))
      }
    })

    test('a name that does not exist is unreachable, and nothing was sent', async (context) => {
      const { client } = await connect(context, says(''))
      await assert.rejects(client.send(post('http://no-such-host.invalid')), isFault('unreachable', true))
    })
  })

  describe(`${name}: connections`, () => {
    test('one after the other, requests share a connection', async (context) => {
      const { wire, client } = await connect(context, says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      for (let n = 0; n < 5; n += 1) {
        await read(await client.send(post(wire.origin)))
        await turns()
      }
      assert.equal(wire.sockets.length, 1)
    })

    test('at once, each has its own and gets its own answer', async (context) => {
      const { wire, client } = await connect(context, ({ socket, path }) => {
        setTimeout(() => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`), Math.random() * 5)
      })
      for (let round = 0; round < 3; round += 1) {
        const paths = Array.from({ length: 40 }, (_, n) => `/${round}/${n}`)
        const bodies = await Promise.all(paths.map(async (path) => (await read(await client.send(post(wire.origin, path)))).toString()))
        assert.deepEqual(bodies, paths)
      }
      assert.ok(wire.sockets.length <= 80, `${wire.sockets.length} connections`)
    })

    const endings: Readonly<Record<string, string>> = {
      'a server that says close': 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok',
      'a server that says close among others': 'HTTP/1.1 200 OK\r\nConnection: Keep-Alive, Close\r\nContent-Length: 2\r\n\r\nok',
      'a server of HTTP/1.0': 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    }
    for (const [what, bytes] of Object.entries(endings)) {
      test(`${what} gets no second request on the same connection`, async (context) => {
        const { wire, client } = await connect(context, says(bytes))
        for (let n = 1; n <= 3; n += 1) {
          assert.equal((await read(await client.send(post(wire.origin)))).toString(), 'ok')
          await turns()
        }
        assert.equal(wire.sockets.length, 3)
        assert.ok(wire.asked.every(({ nth }) => nth === 0))
      })
    }

    for (const [what, bytes] of Object.entries({
      'a byte too many': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!',
      'a whole second answer': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong',
      'an answer too many behind the last chunk':
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong',
      'a body behind 304': 'HTTP/1.1 304 Same\r\nContent-Length: 2\r\n\r\nok',
    })) {
      test(`${what} is nobody's: the connection ends, and the next request has another`, async (context) => {
        const { wire, client } = await connect(context, says(bytes))
        for (let n = 1; n <= 3; n += 1) {
          const answer = await client.send(post(wire.origin)).then(read).catch(String)
          assert.ok(!answer.toString().includes('wrong'))
          await until(() => wire.sockets[n - 1]!.destroyed, 'the connection is closed')
        }
        assert.ok(wire.asked.every(({ nth }) => nth === 0))
      })
    }

    test('a connection that the server closed meanwhile is not used again', async (context) => {
      const { wire, client } = await connect(context, says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      for (let n = 1; n <= 3; n += 1) {
        assert.equal((await read(await client.send(post(wire.origin)))).toString(), 'ok')
        wire.sockets[n - 1]!.end()
        await until(() => wire.sockets[n - 1]!.destroyed, 'the connection is closed')
        await turns()
      }
      assert.equal(wire.sockets.length, 3)
    })
  })

  describe(`${name}: called off`, () => {
    const neverAnswers = (): void => {}

    test('a signal that fired before the start: nothing is sent', async (context) => {
      const { wire, client } = await connect(context, neverAnswers)
      await assert.rejects(client.send(post(wire.origin, '/', AbortSignal.abort())), isFault('aborted', true))
      await turns()
      assert.equal(wire.sockets.length, 0)
    })

    test('while connecting: nothing is sent', async (context) => {
      const { wire, client } = await connect(context, neverAnswers)
      const cut = new AbortController()
      const answer = client.send(post(wire.origin, '/', cut.signal))
      cut.abort()
      await assert.rejects(answer, isFault('aborted', true))
      await turns(8)
      assert.equal(wire.asked.length, 0)
      if (abortsConnecting) assert.ok(wire.sockets.every((socket) => socket.destroyed))
    })

    test('before the head: the server sees the connection close', async (context) => {
      const { wire, client } = await connect(context, neverAnswers)
      const cut = new AbortController()
      const answer = client.send(post(wire.origin, '/', cut.signal))
      await until(() => wire.asked.length === 1, 'the request has come')
      cut.abort()
      await assert.rejects(answer, isFault('aborted', false))
      await until(() => wire.sockets[0]!.destroyed, 'the connection is closed')
    })

    for (const [phase, bytes] of Object.entries({
      'within the head': 'HTTP/1.1 200 OK\r\nContent-Le',
      'behind early hints': 'HTTP/1.1 103 Early Hints\r\n\r\n',
    })) {
      test(`${phase}: the server sees the connection close`, async (context) => {
        const { wire, client } = await connect(context, says(bytes))
        const cut = new AbortController()
        const answer = client.send(post(wire.origin, '/', cut.signal))
        await until(() => wire.asked.length === 1, 'the request has come')
        await turns()
        cut.abort()
        await assert.rejects(answer, isFault('aborted', false))
        await until(() => wire.sockets[0]!.destroyed, 'the connection is closed')
      })
    }

    for (const [kind, bytes] of Object.entries({
      'of known length': 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello',
      'in chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      'until the end': 'HTTP/1.1 200 OK\r\n\r\nhello',
    })) {
      test(`within a body ${kind}: who waits for it is told, and the server sees the connection close`, async (context) => {
        const { wire, client } = await connect(context, says(bytes))
        const cut = new AbortController()
        const inbound = await client.send(post(wire.origin, '/', cut.signal))
        const source = inbound.body[Symbol.asyncIterator]()
        await source.next()
        const next = source.next()
        cut.abort()
        await assert.rejects(next, isFault('aborted', false))
        await until(() => wire.sockets[0]!.destroyed, 'the connection is closed')
      })

      test(`a reader who leaves a body ${kind} closes the connection`, async (context) => {
        const { wire, client } = await connect(context, says(bytes))
        const inbound = await client.send(post(wire.origin))
        for await (const piece of inbound.body) if (piece.length > 0) break
        await until(() => wire.sockets[0]!.destroyed, 'the connection is closed')
      })
    }

    test('with an unread body: the next step tells', async (context) => {
      const { wire, client } = await connect(context, says('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello'))
      const cut = new AbortController()
      const inbound = await client.send(post(wire.origin, '/', cut.signal))
      await turns()
      cut.abort()
      await assert.rejects(read(inbound), isFault('aborted', false))
      await until(() => wire.sockets[0]!.destroyed, 'the connection is closed')
    })

    test('after the end: nothing happens to the connection, which carries on', async (context) => {
      const { wire, client } = await connect(context, says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      const cut = new AbortController()
      await read(await client.send(post(wire.origin, '/', cut.signal)))
      cut.abort()
      await turns()
      assert.equal((await read(await client.send(post(wire.origin)))).toString(), 'ok')
      assert.equal(wire.sockets.length, 1)
    })

    test('closing the transport ends what is under way', async (context) => {
      const { wire, client } = await connect(context, neverAnswers)
      const answer = client.send(post(wire.origin))
      await until(() => wire.asked.length === 1, 'the request has come')
      await Promise.all([client.close(), assert.rejects(answer, isFault('aborted'))])
      await until(() => wire.sockets[0]!.destroyed, 'the connection is closed')
      await assert.rejects(client.send(post(wire.origin)), isFault('aborted', true))
    })
  })

  describe(`${name}: a reader slower than the server`, () => {
    test('holds up the server instead of filling the memory, and loses nothing', async (context) => {
      const totalBytes = 200 * 1024 * 1024
      const piece = Buffer.alloc(64 * 1024, 'x')
      let written = 0
      const { wire, client } = await connect(context, ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${totalBytes}\r\n\r\n`)
        const fill = (): void => {
          while (written < totalBytes) {
            written += piece.length
            if (!socket.write(piece)) {
              socket.once('drain', fill)
              return
            }
          }
        }
        fill()
      })
      const before = process.memoryUsage.rss()
      const source = (await client.send(get(wire.origin))).body[Symbol.asyncIterator]()
      let got = 0
      for (let step = 0; step < 20; step += 1) {
        got += (await source.next()).value!.length
        await turns(20)
      }
      assert.ok(written < got + 24 * 1024 * 1024, `${written} bytes were written for ${got} read`)
      for (let step = await source.next(); step.done !== true; step = await source.next()) got += step.value.length
      assert.equal(got, totalBytes)
      const grown = process.memoryUsage.rss() - before
      assert.ok(grown < 120 * 1024 * 1024, `${grown} bytes more in memory`)
    })

    test('gets many small chunks whole and in order', async (context) => {
      const { wire, client } = await connect(context, ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        for (let n = 0; n < 20_000; n += 1) {
          const frame = `data: ${n}\n\n`
          socket.write(`${frame.length.toString(16)}\r\n${frame}\r\n`)
        }
        socket.write('0\r\n\r\n')
      })
      let text = ''
      for await (const bytes of (await client.send(get(wire.origin))).body) {
        text += Buffer.from(bytes).toString()
        await turns(1)
      }
      assert.equal(text, Array.from({ length: 20_000 }, (_, n) => `data: ${n}\n\n`).join(''))
    })
  })
}

/** A check for `assert.rejects`. */
export function isFault(kind: NetFault['kind'], unsent?: boolean): (fault: unknown) => true {
  return (fault) => {
    assert.ok(fault instanceof NetFault, String(fault))
    assert.equal(fault.kind, kind, `${fault.kind}: ${fault.message}`)
    if (unsent !== undefined) assert.equal(fault.unsent, unsent)
    return true
  }
}
