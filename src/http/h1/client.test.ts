import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import { HttpClient, type HttpClientOptions } from './client.ts'
import {
  connected,
  get,
  isFault,
  listen,
  post,
  read,
  says,
  turns,
  until,
  type Asked,
  type Wire,
} from './wire.test-helper.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

const connect = (
  context: TestContext,
  answer: (asked: Asked) => void = says(ok),
  options?: HttpClientOptions,
): Promise<{ wire: Wire; client: HttpClient }> => connected(context, { open: () => new HttpClient(options) }, answer)

test('a request made the moment an answer has ended waits for its connection rather than opening another', async (context) => {
  const { wire, client } = await connect(context)
  for (let n = 0; n < 20; n += 1) await read(await client.send(post(wire.origin)))
  assert.equal(wire.sockets.length, 1)
  assert.equal(client.open, 1)
})

test('an answer nobody asked for, behind one that has ended, is never taken for the answer to the next request', async (context) => {
  const wrong = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong'
  const { wire, client } = await connect(context, ({ socket, path }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`)
    // A segment of its own, as it would come from a server that answers twice.
    if (path.endsWith('7')) socket.write(wrong)
  })
  for (let n = 0; n < 40; n += 1) {
    assert.equal((await read(await client.send(post(wire.origin, `/${n}`)))).toString(), `/${n}`)
  }
})

test('connections are used most recent first, so that the others may grow old', async (context) => {
  const { wire, client } = await connect(context)
  await Promise.all([1, 2, 3].map(async () => read(await client.send(post(wire.origin)))))
  await turns()
  const { socket } = wire.asked.at(-1)!
  for (let n = 0; n < 3; n += 1) {
    await read(await client.send(post(wire.origin)))
    await turns()
    assert.equal(wire.asked.at(-1)!.socket, socket)
  }
})

test('a POST is sent again when the connection broke before it was out, and only then', async (context) => {
  const { wire, client } = await connect(context)
  await read(await client.send(post(wire.origin)))
  await turns()
  // Reset before the client can have noticed: the kernel takes nothing more, so nobody has seen the request.
  wire.sockets[0]!.resetAndDestroy()
  assert.equal((await read(await client.send(post(wire.origin)))).toString(), 'ok')
  assert.equal(wire.sockets.length, 2)
  await turns()
  // Closed: the kernel takes the request, and what became of it nobody knows.
  wire.sockets[1]!.destroy()
  await assert.rejects(client.send(post(wire.origin)), isFault('reset', false))
  assert.equal(wire.sockets.length, 2)
})

test('a GET is sent again when its old connection ends without an answer', async (context) => {
  const { wire, client } = await connect(context)
  await read(await client.send(get(wire.origin)))
  await turns()
  wire.sockets[0]!.destroy()
  assert.equal((await read(await client.send(get(wire.origin)))).toString(), 'ok')
  assert.equal(wire.sockets.length, 2)
})

test('a GET with a body is sent once, like a POST', async (context) => {
  const { wire, client } = await connect(context)
  const out = { ...get(wire.origin), body: Buffer.from('{}') }
  await read(await client.send(out))
  await turns()
  wire.sockets[0]!.destroy()
  await assert.rejects(client.send(out), isFault('reset', false))
  assert.equal(wire.sockets.length, 1)
})

test('a GET is sent again once, and never on behalf of a connection that was new', async (context) => {
  let hangsUp = false
  const { wire, client } = await connect(context, ({ socket }) => void (hangsUp ? socket.destroy() : socket.write(ok)))
  await read(await client.send(get(wire.origin)))
  await turns()
  hangsUp = true
  await assert.rejects(client.send(get(wire.origin)), isFault('reset', false))
  assert.equal(wire.asked.length, 3)
  await assert.rejects(client.send(get(wire.origin)), isFault('reset', false))
  assert.equal(wire.asked.length, 4)
})

test('a request is not sent again once a byte of its answer has come', async (context) => {
  const { wire, client } = await connect(context, ({ socket, nth }) => {
    if (nth === 0) socket.write(ok)
    else socket.write('H', () => setImmediate(() => socket.destroy()))
  })
  await read(await client.send(get(wire.origin)))
  await turns()
  await assert.rejects(client.send(get(wire.origin)), isFault('reset', false))
  assert.equal(wire.asked.length, 2)
})

test('a server that hangs up at once, before the request was out, has not seen it', async (context) => {
  const { wire, client } = await connect(context)
  const body = Buffer.alloc(8_000_000)
  const answer = client.send(post(wire.origin, '/', undefined, body))
  await until(() => wire.sockets.length === 1, 'the connection is open')
  wire.sockets[0]!.resetAndDestroy()
  await assert.rejects(answer, isFault('reset', true))
})

test('a large request that was out when its connection broke may have been seen', async (context) => {
  const { wire, client } = await connect(context, ({ socket }) => void socket.destroy())
  await assert.rejects(client.send(post(wire.origin, '/', undefined, Buffer.alloc(3_000_000))), isFault('reset', false))
})

test('a request that was answered before it was out may have been seen', async (context) => {
  const wire = await listen(
    () => {},
    (socket) => {
      socket.once('data', () => socket.pause().write('HTTP/1.1 4', () => setImmediate(() => socket.resetAndDestroy())))
    },
  )
  const client = new HttpClient()
  context.after(async () => {
    await client.close()
    await wire.close()
  })
  const answer = client.send(post(wire.origin, '/', undefined, Buffer.alloc(30_000_000)))
  await assert.rejects(answer, isFault('reset', false))
})

test('an answer that comes before its request is out ends the connection', async (context) => {
  const wire = await listen(
    () => {},
    (socket) => {
      socket.once('data', () => {
        socket.pause()
        socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n')
      })
    },
  )
  const client = new HttpClient()
  context.after(async () => {
    await client.close()
    await wire.close()
  })
  const inbound = await client.send(post(wire.origin, '/', undefined, Buffer.alloc(30_000_000)))
  assert.equal(inbound.status, 413)
  await read(inbound)
  assert.equal(client.open, 0)
})

test('a connection is closed a second before the server would', async (context) => {
  const hint = (seconds: number): string =>
    `HTTP/1.1 200 OK\r\nKeep-Alive: timeout=${seconds}\r\nContent-Length: 0\r\n\r\n`
  const { wire, client } = await connect(context, ({ socket, path }) => void socket.write(hint(Number(path.slice(1)))))
  await read(await client.send(post(wire.origin, '/1')))
  await until(() => wire.sockets[0]!.destroyed, 'the connection is closed')
  await read(await client.send(post(wire.origin, '/1')))
  await read(await client.send(post(wire.origin, '/2')))
  await turns()
  assert.deepEqual(
    wire.sockets.map(({ destroyed }) => destroyed),
    [true, true, false],
  )
})

test('a server that would wait longer than we do does not make us wait', async (context) => {
  const { wire, client } = await connect(
    context,
    says('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=60\r\nContent-Length: 0\r\n\r\n'),
    { idleMs: 20 },
  )
  await read(await client.send(post(wire.origin)))
  await until(() => client.open === 0, 'the connection is closed')
})

test('a connection nobody used for long enough is closed, also without another request', async (context) => {
  const { wire, client } = await connect(context, undefined, { idleMs: 20 })
  await read(await client.send(post(wire.origin)))
  await until(() => client.open === 0, 'the connection is closed')
  await until(() => wire.sockets[0]!.destroyed, 'the server sees it')
})

test('a connection that is too old is not used, although nobody closed it yet', async (context) => {
  const { wire, client } = await connect(context, undefined, { idleMs: 20 })
  await read(await client.send(post(wire.origin)))
  await turns()
  const wakeAt = performance.now() + 30
  while (performance.now() < wakeAt);
  await read(await client.send(post(wire.origin)))
  assert.equal(wire.sockets.length, 2)
})

test('no more connections wait than may wait', async (context) => {
  const { wire, client } = await connect(context, undefined, { idleMax: 3 })
  await Promise.all(Array.from({ length: 10 }, async () => read(await client.send(post(wire.origin)))))
  await until(() => client.open === 3, 'three connections are left')
})

test('any number of requests run at once', async (context) => {
  const held: Asked[] = []
  const { wire, client } = await connect(context, (asked) => void held.push(asked))
  const answers = Array.from({ length: 300 }, async () => read(await client.send(post(wire.origin))))
  await until(() => held.length === 300, 'all of them have come')
  for (const { socket } of held) socket.write(ok)
  assert.equal((await Promise.all(answers)).length, 300)
})

test('a request called off while it waits for a connection harms nobody', async (context) => {
  const { wire, client } = await connect(context)
  await read(await client.send(post(wire.origin)))
  const cut = new AbortController()
  const dropped = client.send(post(wire.origin, '/dropped', cut.signal))
  cut.abort()
  await assert.rejects(dropped, isFault('aborted', true))
  assert.equal((await read(await client.send(post(wire.origin, '/kept')))).toString(), 'ok')
  await turns(8)
  assert.deepEqual(
    wire.asked.map(({ path }) => path),
    ['/', '/kept'],
  )
})

test('closing the client ends what waits for a connection', async (context) => {
  const { wire, client } = await connect(context)
  await read(await client.send(post(wire.origin)))
  const waits = client.send(post(wire.origin))
  await Promise.all([client.close(), assert.rejects(waits, isFault('aborted', true))])
})

test('a process that forgets to close its client ends nevertheless', async (context) => {
  const { wire } = await connect(context)
  const script = `
    import { HttpClient } from ${JSON.stringify(new URL('client.ts', import.meta.url).href)}
    const client = new HttpClient({ idleMs: 1 })
    const out = { method: 'GET', origin: '${wire.origin}', path: '/', headers: [], body: undefined, signal: undefined }
    for await (const bytes of (await client.send(out)).body) console.log(String(bytes))
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  context.after(() => child.kill())
  assert.equal((await text(child.stdout)).trim(), 'ok')
  assert.deepEqual(await once(child, 'exit', { signal: AbortSignal.timeout(3_000) }), [0, null])
})

test('a request that waits for a connection which then ends gets another', async (context) => {
  const { wire, client } = await connect(context, ({ socket, nth }) => {
    socket.write(ok)
    if (nth === 1) socket.end()
  })
  for (let n = 0; n < 9; n += 1) assert.equal((await read(await client.send(post(wire.origin)))).toString(), 'ok')
  assert.ok(wire.sockets.length >= 4, `${wire.sockets.length} connections`)
})

test('a signal is let go of when the answer has ended', async (context) => {
  const { wire, client } = await connect(context)
  const { signal } = new AbortController()
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => ((listeners += 1), add(...args))
  signal.removeEventListener = (...args: Parameters<typeof remove>) => ((listeners -= 1), remove(...args))
  for (let n = 0; n < 5; n += 1) await read(await client.send(post(wire.origin, '/', signal)))
  assert.equal(listeners, 0)
})
