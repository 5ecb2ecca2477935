import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Suite } from './conformance.test-helper.ts'
import { connected, get, isFault, post, read, says, turns, until } from './wire.test-helper.ts'

/** Connections are kept, given up and closed as they must be. */
export function connectionsConform(suite: Suite): void {
  const { name, abortsConnecting } = suite

  describe(`${name}: connections`, () => {
    test('one after the other, requests share a connection', async (context) => {
      const { wire, client } = await connected(context, suite, says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      for (let n = 0; n < 5; n += 1) {
        await read(await client.send(post(wire.origin)))
        await turns()
      }
      assert.equal(wire.sockets.length, 1)
    })

    test('at once, each has its own and gets its own answer', async (context) => {
      const { wire, client } = await connected(context, suite, ({ socket, path }) => {
        setTimeout(
          () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`),
          Math.random() * 5,
        )
      })
      for (let round = 0; round < 3; round += 1) {
        const paths = Array.from({ length: 40 }, (_, n) => `/${round}/${n}`)
        const bodies = await Promise.all(
          paths.map(async (path) => (await read(await client.send(post(wire.origin, path)))).toString()),
        )
        assert.deepEqual(bodies, paths)
      }
      assert.ok(wire.sockets.length <= 80, `${wire.sockets.length} connections`)
    })

    const endings: Readonly<Record<string, string>> = {
      'a server that says close': 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok',
      'a server that says close among others':
        'HTTP/1.1 200 OK\r\nConnection: Keep-Alive, Close\r\nContent-Length: 2\r\n\r\nok',
      'a server of HTTP/1.0': 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    }
    for (const [what, bytes] of Object.entries(endings)) {
      test(`${what} gets no second request on the same connection`, async (context) => {
        const { wire, client } = await connected(context, suite, says(bytes))
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
      'a whole second answer':
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong',
      'an answer too many behind the last chunk':
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong',
      'a body behind 304': 'HTTP/1.1 304 Same\r\nContent-Length: 2\r\n\r\nok',
    })) {
      test(`${what} is nobody's: the connection ends, and the next request has another`, async (context) => {
        const { wire, client } = await connected(context, suite, says(bytes))
        for (let n = 1; n <= 3; n += 1) {
          const answer = await client.send(post(wire.origin)).then(read).catch(String)
          assert.ok(!answer.toString().includes('wrong'))
          await until(() => wire.sockets[n - 1]!.destroyed, 'the connection is closed')
        }
        assert.ok(wire.asked.every(({ nth }) => nth === 0))
      })
    }

    test('a byte that comes while nobody asks ends the connection', async (context) => {
      const { wire, client } = await connected(context, suite, says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      await read(await client.send(post(wire.origin)))
      await turns()
      wire.sockets[0]!.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong')
      await until(() => wire.sockets[0]!.destroyed, 'the connection is closed')
      assert.equal((await read(await client.send(post(wire.origin)))).toString(), 'ok')
    })

    test('a connection that the server closed meanwhile is not used again', async (context) => {
      const { wire, client } = await connected(context, suite, says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      for (let n = 1; n <= 3; n += 1) {
        assert.equal((await read(await client.send(post(wire.origin)))).toString(), 'ok')
        await turns()
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
      const { wire, client } = await connected(context, suite, neverAnswers)
      await assert.rejects(client.send(post(wire.origin, '/', AbortSignal.abort())), isFault('aborted', true))
      await turns()
      assert.equal(wire.sockets.length, 0)
    })

    test('while connecting: nothing is sent', async (context) => {
      const { wire, client } = await connected(context, suite, neverAnswers)
      const cut = new AbortController()
      const answer = client.send(post(wire.origin, '/', cut.signal))
      cut.abort()
      await assert.rejects(answer, isFault('aborted', true))
      await turns(8)
      assert.equal(wire.asked.length, 0)
      if (abortsConnecting) assert.ok(wire.sockets.every((socket) => socket.destroyed))
    })

    test('before the head: the server sees the connection close', async (context) => {
      const { wire, client } = await connected(context, suite, neverAnswers)
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
        const { wire, client } = await connected(context, suite, says(bytes))
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
        const { wire, client } = await connected(context, suite, says(bytes))
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
        const { wire, client } = await connected(context, suite, says(bytes))
        const inbound = await client.send(post(wire.origin))
        for await (const piece of inbound.body) if (piece.length > 0) break
        await until(() => wire.sockets[0]!.destroyed, 'the connection is closed')
      })
    }

    test('with an unread body: the next step tells', async (context) => {
      const { wire, client } = await connected(
        context,
        suite,
        says('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello'),
      )
      const cut = new AbortController()
      const inbound = await client.send(post(wire.origin, '/', cut.signal))
      await turns()
      cut.abort()
      await assert.rejects(read(inbound), isFault('aborted', false))
      await until(() => wire.sockets[0]!.destroyed, 'the connection is closed')
    })

    test('after the end: nothing happens to the connection, which carries on', async (context) => {
      const { wire, client } = await connected(context, suite, says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      const cut = new AbortController()
      await read(await client.send(post(wire.origin, '/', cut.signal)))
      cut.abort()
      await turns()
      assert.equal((await read(await client.send(post(wire.origin)))).toString(), 'ok')
      assert.equal(wire.sockets.length, 1)
    })

    test('closing the transport ends what is under way', async (context) => {
      const { wire, client } = await connected(context, suite, neverAnswers)
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
      const { wire, client } = await connected(context, suite, ({ socket }) => {
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
      const { wire, client } = await connected(context, suite, ({ socket }) => {
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
