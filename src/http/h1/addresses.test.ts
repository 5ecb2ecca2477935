import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { Addresses, type Resolve } from './addresses.ts'
import { HttpClient } from './client.ts'

const at = (...addresses: readonly string[]): LookupAddress[] =>
  addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

/** A name server that answers when told to, and a clock. */
function scene() {
  let now = 0
  const asked: ((addresses: readonly LookupAddress[] | Error) => void)[] = []
  const resolve: Resolve = (_host, done) => {
    asked.push((said) => (said instanceof Error ? done(said, []) : done(null, said)))
  }
  const addresses = new Addresses('box.test', resolve, () => now)
  const look = (): Promise<readonly string[]> =>
    new Promise((done, fail) => {
      addresses.lookup('box.test', { all: true }, (error, found) => {
        if (error === null) done((found as LookupAddress[]).map(({ address }) => address))
        else fail(error)
      })
    })
  return { addresses, asked, look, pass: (ms: number) => (now += ms) }
}

test('a name is asked for once, however many want to go there', async () => {
  const { asked, look } = scene()
  const both = Promise.all([look(), look()])
  assert.equal(asked.length, 1)
  asked[0]!(at('10.0.0.1'))
  assert.deepEqual(await both, [['10.0.0.1'], ['10.0.0.1']])
  await look()
  assert.equal(asked.length, 1)
})

test('an old address is used while a new one is asked for, and kept when the name server hangs or fails', async () => {
  const { asked, look, pass } = scene()
  void look()
  asked[0]!(at('10.0.0.1'))
  pass(30_001)
  assert.deepEqual(await look(), ['10.0.0.1'])
  assert.equal(asked.length, 2)
  pass(30_001)
  assert.deepEqual(await look(), ['10.0.0.1'])
  assert.equal(asked.length, 2)
  asked[1]!(new Error('NXDOMAIN'))
  assert.deepEqual(await look(), ['10.0.0.1'])
  pass(30_001)
  await look()
  asked[2]!(at('10.0.0.2'))
  assert.deepEqual(await look(), ['10.0.0.2'])
})

test('when nobody could be reached it is asked again, but not for each who tried', async () => {
  const { addresses, asked, look, pass } = scene()
  void look()
  asked[0]!(at('10.0.0.1'))
  addresses.failed()
  assert.equal(asked.length, 1)
  pass(1_001)
  addresses.failed()
  addresses.failed()
  assert.equal(asked.length, 2)
  asked[1]!(at('10.0.0.2'))
  assert.deepEqual(await look(), ['10.0.0.2'])
})

test('a name that means nothing is an error, for those who waited and for the next', async () => {
  const { asked, look } = scene()
  const one = look()
  asked[0]!(new Error('NXDOMAIN'))
  await assert.rejects(one, /NXDOMAIN/)
  const two = look()
  asked[1]!([])
  await assert.rejects(two, { code: 'ENOTFOUND' })
})

test('where somebody was reached it is tried first the next time', async () => {
  const { addresses, asked, look, pass } = scene()
  void look()
  asked[0]!(at('fd00::1', '10.0.0.1'))
  addresses.worked('10.0.0.1')
  assert.deepEqual(await look(), ['10.0.0.1', 'fd00::1'])
  pass(30_001)
  await look()
  asked[1]!(at('fd00::1', '10.0.0.1'))
  assert.deepEqual(await look(), ['10.0.0.1', 'fd00::1'])
})

async function served(t: TestContext, resolve: Resolve) {
  const server = createServer((_, response) => response.end('ok'))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const client = new HttpClient({ resolve, connectMs: 2_000 })
  t.after(async () => {
    await client.close()
    server.close()
  })
  return () =>
    client.send({
      method: 'GET',
      origin: `http://box.test:${port}`,
      path: '/',
      headers: [],
      body: undefined,
      signal: undefined,
    })
}

test('of two addresses, one that is dead does not keep anybody from the other', async (t) => {
  const send = await served(t, (_, done) => done(null, at('::1', '127.0.0.1')))
  assert.equal((await send()).status, 200)
})

test('a server whose name nobody knows cannot be reached, and surely did not hear the request', async (t) => {
  const send = await served(t, (_, done) => done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []))
  await assert.rejects(send(), { kind: 'unreachable', unsent: true })
})
