import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { until } from '../e2e/rig.ts'
import { chat, configFor, ollama } from './rig.ts'

const skip = existsSync('/dev/full') && existsSync('/proc/net/tcp') ? false : 'there is no /dev/full here'

/** An address that no other process uses. */
const bytes = [127, 77, (process.pid >> 8) & 255, process.pid & 255]
const host = bytes.join('.')

/** Where somebody listens there. */
function listening(): number[] {
  const hex = bytes
    .toReversed()
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
  const found = readFileSync('/proc/net/tcp', 'utf8').matchAll(new RegExp(` ${hex}:([0-9A-F]{4}) \\S+ 0A `, 'gi'))
  return Array.from(found, ([, port = '']) => Number.parseInt(port, 16))
}

test('a disk that is full takes no line of the log, and holds up nobody', { skip }, async (t) => {
  const cwd = folderWith(t, { 'spillway.yaml': configFor(await ollama(t)).replaceAll('127.0.0.1:0', `${host}:0`) })
  // It cannot say where it listens.
  const running = spillway(t, ['serve'], { cwd, under: ['sh', '-c', 'exec "$@" > /dev/full', 'sh'] })
  await until(() => listening().length === 2, 20_000, 'it listens')
  const urls = listening().map((port) => `http://${host}:${port}`)
  let at = -1
  const find = async (): Promise<boolean> => {
    const all = await Promise.all(urls.map((url) => fetch(`${url}/readyz`)))
    at = all.findIndex(({ status }) => status === 200)
    return at !== -1
  }
  await until(find, 10_000, 'one of the two is for callers, and ready')
  for (let asked = 0; asked < 20; asked += 1) assert.equal((await chat(urls[at]!)).status, 200)
  const dropped = async (): Promise<number> => {
    const metrics = await (await fetch(`${urls[1 - at]}/metrics`)).text()
    return Number(/^spillway_log_lines_dropped_total (\d+)$/m.exec(metrics)?.[1])
  }
  await until(async () => (await dropped()) >= 21, 5_000, 'each request and the first line are counted as lost')
  running.child.kill('SIGTERM')
  const { code, err } = await running.ended
  assert.deepEqual([code, err], [0, ''])
})
