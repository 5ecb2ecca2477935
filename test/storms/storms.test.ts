import assert from 'node:assert/strict'
import { test } from 'node:test'
import { abortStorm } from './abort-storm.ts'
import { quantile } from './quantile.ts'
import { slowReaders } from './slow-readers.ts'

test('a thousand callers a second who hang up leave nothing behind: no place, no connection, no file', async (t) => {
  const seconds = Number(process.env['SPILLWAY_STORM_SECONDS'] ?? 2)
  const { aborted, seenMs, held, atServer, filesMore } = await abortStorm(t, { perSecond: 1_000, seconds })
  const [median, late] = [quantile(seenMs, 0.5), quantile(seenMs, 0.99)]
  t.diagnostic(`${aborted} hung up, ${seenMs.length} of them at the server; it knew after ${median} ms, p99 ${late} ms`)
  assert.equal(aborted, 1_000 * seconds)
  assert.deepEqual(held, { asks: 0, inFlight: 0, connections: 0, slowReaders: 0 })
  assert.equal(atServer, 0)
  assert.ok(filesMore <= 5, `${filesMore} files more`)
  assert.ok(seenMs.length > 0)
})

test('callers who never read cost little memory, are sent away, and keep nobody from reading', async (t) => {
  const readers = Number(process.env['SPILLWAY_STORM_READERS'] ?? 30)
  const seen = await slowReaders(t, { readers, stallSeconds: 2 })
  const each = (seen.residentMost - seen.residentBefore) / readers
  const gaps = [quantile(seen.gapsMs, 0.5), quantile(seen.gapsMs, 0.99)].map((ms) => ms.toFixed(1))
  const [own, kernel] = [each / 1024, (seen.kernelBytes ?? NaN) / 1024 ** 2].map((size) => size.toFixed(0))
  t.diagnostic(
    `${own} KiB each, ${kernel} MiB in the kernel, free after ${seen.freedMs.toFixed(0)} ms; gaps of 20 ms: p50, p99 ${gaps.join(', ')} ms`,
  )
  assert.equal(seen.cut, readers)
  assert.deepEqual([seen.held.inFlight, seen.held.slowReaders], [10, 0])
  // What passes through leaves garbage behind, the more of it the fewer they are.
  assert.ok(seen.residentMost - seen.residentBefore < 256 * 1024 ** 2 + readers * 400 * 1024, `${own} KiB each`)
})
