import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type SocketFor, systemdSockets } from './sockets.ts'

const address = { host: '127.0.0.1', port: 0 }

const both = async (sockets: SocketFor | undefined): Promise<unknown[]> => [
  await sockets?.('callers', address),
  await sockets?.('admin', address),
]

test('sockets of systemd go by their names, in whatever order', async () => {
  const env = { LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'other:admin:callers' }
  assert.deepEqual(await both(systemdSockets(env, 7)), [{ fd: 5 }, { fd: 4 }])
})

test('without names of ours the first is the callers’ and the second the operator’s', async () => {
  const unit = { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'spillway.socket:spillway.socket' }
  assert.deepEqual(await both(systemdSockets(unit, 7)), [{ fd: 3 }, { fd: 4 }])
  assert.deepEqual(await both(systemdSockets({ LISTEN_PID: '7', LISTEN_FDS: '1' }, 7)), [{ fd: 3 }, undefined])
})

test('what was handed to another process is none of ours', () => {
  assert.equal(systemdSockets({ LISTEN_PID: '6', LISTEN_FDS: '2' }, 7), undefined)
  assert.equal(systemdSockets({}, 7), undefined)
})
