import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Event } from '../core/event.ts'
import { type Blocks, diskGauge, DiskWatch, type Volume } from './disk.ts'
import { Registry } from './registry.ts'

/** A disk of a hundred blocks, of which so many are used; five are kept for root. */
const used = (blocks: number): Blocks => ({ bsize: 1e7, blocks: 105, bfree: 105 - blocks, bavail: 100 - blocks })

function watched(volumes: readonly Volume[], statfs?: (path: string) => Promise<Blocks>) {
  const notices: string[] = []
  const emit = (event: Event): void => {
    if (event.type === 'notice') notices.push(`${event.level}: ${event.text}`)
  }
  return { disk: new DiskWatch({ volumes, emit, statfs }), notices }
}

const data: Volume = { name: 'data', path: '/var/lib/spillway' }

test('a volume is told of once when it fills, when it is full, and when it has room again', async () => {
  let blocks = 0
  const { disk, notices } = watched([data], () => Promise.resolve(used(blocks)))
  const states: unknown[] = []
  for (blocks of [50, 79, 80, 85, 79, 80, 94, 95, 99, 94, 92, 79, 77, 10]) {
    await disk.look()
    states.push(disk.volumes[0]!.state)
  }
  assert.deepEqual(
    states,
    'ok ok filling filling filling filling filling full full full filling filling ok ok'.split(' '),
  )
  const where = 'The volume of data_dir (/var/lib/spillway)'
  assert.deepEqual(notices, [
    `warn: ${where} is 80 % full, 200 MB left: make room.`,
    `error: ${where} is 95 % full, 50 MB left: make room.`,
    `warn: ${where} is 92 % full, 80 MB left: make room.`,
    `info: ${where} has room again: 230 MB left.`,
  ])
})

test('what is not there yet is on the volume of what is above it, and what cannot be looked at is not shown', async () => {
  const asked: string[] = []
  const { disk, notices } = watched([data, { name: 'models', path: '/mnt/models' }], (path) => {
    asked.push(path)
    if (path === '/var') return Promise.resolve(used(81))
    return Promise.reject(Object.assign(new Error(), { code: path.startsWith('/mnt') ? 'EIO' : 'ENOENT' }))
  })
  await disk.look()
  assert.deepEqual(asked.toSorted(), ['/mnt/models', '/var', '/var/lib', '/var/lib/spillway'])
  assert.deepEqual(
    disk.volumes.map(({ name, usedRatio }) => [name, usedRatio]),
    [['data', 0.81]],
  )
  assert.equal(notices.length, 1)
})

test('a look that does not come back is not begun again, and keeps no other from being taken', async () => {
  let asked = 0
  const { disk } = watched([{ name: 'models', path: '/dead' }, data], (path) => {
    if (path !== '/dead') return Promise.resolve(used(1))
    asked += 1
    return new Promise(() => {})
  })
  for (let looks = 0; looks < 5; looks += 1) void disk.look()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([asked, disk.volumes.map(({ name }) => name)], [1, ['data']])
})

test('a file system without a size is not full', async () => {
  const { disk } = watched([data], () => Promise.resolve({ bsize: 4_096, blocks: 0, bfree: 0, bavail: 0 }))
  await disk.look()
  assert.deepEqual([disk.volumes[0]!.usedRatio, disk.volumes[0]!.state], [0, 'ok'])
})

test('the metric has a series for each volume that could be looked at', async () => {
  const registry = new Registry()
  const { disk } = watched([data], () => Promise.resolve(used(25)))
  diskGauge(registry, disk)
  await disk.look()
  assert.match(registry.render(), /^spillway_disk_used_ratio\{volume="data"\} 0\.25$/m)
})

test('a real volume is seen to fill', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-disk-'))
  t.after(() => {
    spawnSync('umount', [folder])
    rmSync(folder, { recursive: true })
  })
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status !== 0)
    return t.skip('no volume can be mounted here')
  const { disk, notices } = watched([{ name: 'data', path: join(folder, 'not', 'yet') }])
  await disk.look()
  assert.equal(disk.volumes[0]!.state, 'ok')
  writeFileSync(join(folder, 'file'), Buffer.alloc(850_000))
  await disk.look()
  assert.equal(disk.volumes[0]!.state, 'filling')
  assert.ok(disk.volumes[0]!.freeBytes < 250_000)
  assert.equal(notices.length, 1)
})
