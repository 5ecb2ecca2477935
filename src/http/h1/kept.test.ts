import assert from 'node:assert/strict'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import type { NetFault, Outbound } from '../../core/world.ts'
import { HttpClient } from './client.ts'

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

test('after a kept connection died as it was used, the next request does not meet another that is dead', async (t) => {
  const sockets: Socket[] = []
  let hangsUp = false
  const server = createServer((socket) => {
    const mine = sockets.push(socket)
    socket.on('error', () => {})
    // Whoever has been here before is not known any more.
    socket.on('data', () => (hangsUp && mine <= 3 ? socket.resetAndDestroy() : socket.write(ok)))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const client = new HttpClient()
  t.after(async () => {
    await client.close()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const out: Outbound = {
    method: 'POST',
    origin: `http://127.0.0.1:${port}`,
    path: '/',
    headers: [],
    body: Buffer.from('{}'),
    signal: undefined,
  }
  const ask = async (): Promise<void> => {
    const { body } = await client.send(out)
    await Array.fromAsync(body)
  }
  await Promise.all([ask(), ask(), ask()])
  await new Promise((rested) => setTimeout(rested, 20))
  assert.equal(client.open, 3)
  hangsUp = true
  await assert.rejects(ask(), ({ kind, kept, unsent }: NetFault) => kind === 'reset' && kept && !unsent)
  await ask()
  assert.equal(sockets.length, 4)
})
