import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { NetFault } from '../../core/world.ts'
import type { Suite } from './conformance.test-helper.ts'
import { cutShort, faultyBodies, faultyHeads } from './faults.test-helper.ts'
import { connected, get, isFault, listen, post, read, says, until } from './wire.test-helper.ts'

/** What is no answer is a fault of the right kind. */
export function faultsConform(suite: Suite): void {
  const { name, differs } = suite

  describe(`${name}: what is refused`, () => {
    const faulty = Object.entries({ ...faultyHeads, ...faultyBodies }).filter(([what]) => !differs.has(what))
    for (const [what, bytes] of faulty) {
      test(`${what} is a fault, and the end of the connection`, async (context) => {
        const { wire, client } = await connected(context, suite, says(bytes))
        await assert.rejects(
          client.send(get(wire.origin, '/', AbortSignal.timeout(2_000))).then(read),
          isFault('framing'),
        )
        await until(() => wire.sockets.every((socket) => socket.destroyed), 'the connection is closed')
      })
    }
    for (const [when, bytes] of Object.entries(cutShort)) {
      for (const how of ['end', 'resetAndDestroy'] as const) {
        test(`a connection that ends ${when} breaks the answer (${how === 'end' ? 'closed' : 'reset'})`, async (context) => {
          const { wire, client } = await connected(context, suite, ({ socket }) => {
            socket.write(bytes, () => setImmediate(() => socket[how]()))
          })
          await assert.rejects(
            client.send(post(wire.origin, '/', AbortSignal.timeout(2_000))).then(read),
            (fault: unknown) => {
              assert.ok(isFault('reset')(fault))
              assert.equal((fault as NetFault).unsent, false)
              return true
            },
          )
        })
      }
    }

    const late = 'a body that ends with the connection is broken by a reset'
    if (!differs.has(late)) {
      test(late, async (context) => {
        const { wire, client } = await connected(context, suite, says('HTTP/1.1 200 OK\r\n\r\nhello'))
        const source = (await client.send(get(wire.origin))).body[Symbol.asyncIterator]()
        assert.equal(Buffer.from((await source.next()).value).toString(), 'hello')
        wire.sockets[0]!.resetAndDestroy()
        await assert.rejects(source.next(), isFault('reset'))
      })
    }

    test('what had arrived before a break is read before the break is told', async (context) => {
      const { wire, client } = await connected(context, suite, ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello', () => setImmediate(() => socket.end()))
      })
      const inbound = await client.send(get(wire.origin))
      await until(() => wire.sockets[0]!.destroyed, 'the connection has ended')
      const source = inbound.body[Symbol.asyncIterator]()
      assert.equal(Buffer.from((await source.next()).value).toString(), 'hello')
      await assert.rejects(source.next(), isFault('reset'))
    })

    test('a port where nobody listens refuses, and nothing was sent', async (context) => {
      const wire = await listen(() => {})
      const client = suite.open()
      context.after(() => client.close())
      await wire.close()
      for (const host of ['127.0.0.1', 'localhost']) {
        await assert.rejects(client.send(post(`http://${host}:${wire.port}`)), isFault('refused', true))
      }
    })

    test('a name that does not exist is unreachable, and nothing was sent', async (context) => {
      const { client } = await connected(context, suite, says(''))
      await assert.rejects(client.send(post('http://no-such-host.invalid')), isFault('unreachable', true))
    })
  })
}
