import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Event } from '../core/event.ts'
import type { RecordingSettings } from '../core/settings.ts'
import { Reels } from './reels.ts'

const dayMs = 86_400_000

interface Rig {
  readonly folder: string
  readonly reels: Reels
  readonly notices: string[]
  readonly clock: { aheadMs: number }
  bounds: RecordingSettings | undefined
  /** A line, and in which file it is. */
  readonly write: (line: string) => number | undefined
  readonly files: () => string[]
  readonly textOf: (file: string) => string
}

function rig(t: TestContext, folder = join(mkdtempSync(join(tmpdir(), 'spillway-reels-')), 'recordings')): Rig {
  const notices: string[] = []
  const clock = { aheadMs: 0 }
  const emit = (event: Event): void => void (event.type === 'notice' && notices.push(event.text))
  const world = {
    now: () => performance.now() + clock.aheadMs,
    epochMs: () => Date.now() + clock.aheadMs,
    random: Math.random,
  }
  const reels = new Reels({ folder, world, emit, bounds: () => made.bounds, gatherMs: 1, touchEveryMs: 20 })
  const made: Rig = {
    folder,
    reels,
    notices,
    clock,
    bounds: { fileBytes: 1_000, keepBytes: 5_000, keepMs: 30 * dayMs },
    write: (line) => {
      const file = reels.file()
      if (file !== undefined) reels.write(`${line}\n`)
      return file
    },
    files: () => readdirSync(folder).sort(),
    textOf: (file) => readFileSync(join(folder, file), 'utf8'),
  }
  t.after(async () => {
    await reels.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return made
}

/** Noon is far from where the day ends. */
function untilNoon(): number {
  const now = new Date()
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 12).getTime() - now.getTime()
}

async function until(isSo: () => boolean): Promise<void> {
  const begun = performance.now()
  while (!isSo()) {
    assert.ok(performance.now() - begun < 5_000, 'not within 5 s')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

test('lines are in a file that only its owner reads, which says by its name whether it is written to', async (t) => {
  const { reels, folder, files, write, textOf } = rig(t)
  assert.deepEqual([write('one'), write('two')], [1, 1])
  await until(() => reels.counts.rows === 2)
  const [open] = files()
  assert.match(
    open!,
    new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\d-\\d{3}Z-${process.pid}-[0-9a-z]{4}\\.open\\.jsonl$`),
  )
  assert.equal(textOf(open!), 'one\ntwo\n')
  assert.deepEqual([statSync(folder).mode & 0o777, statSync(join(folder, open!)).mode & 0o777], [0o700, 0o600])
  await reels.close()
  assert.deepEqual(files(), [open!.replace('.open', '')])
  assert.deepEqual(reels.counts, { rows: 2, dropped: 0, bytes: 8 })
})

test('a file that is full is followed by another, and so is that of yesterday', async (t) => {
  const { reels, clock, files, write, textOf } = rig(t)
  clock.aheadMs = untilNoon()
  const line = 'x'.repeat(499)
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => write(line)),
    [1, 1, 2, 2, 3],
  )
  clock.aheadMs += dayMs
  assert.equal(write('tomorrow'), 4)
  await reels.close()
  assert.deepEqual(
    files().map((file) => textOf(file).length),
    [1_000, 1_000, 500, 9],
  )
})

test('the oldest are let go, as many as it takes to keep the whole within its bounds', async (t) => {
  const { reels, clock, files, write, textOf } = rig(t)
  clock.aheadMs = untilNoon()
  for (let n = 0; n < 40; n += 1) write(`${n} `.padEnd(499, 'x'))
  await reels.close()
  const sizes = files().map((file) => textOf(file).length)
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= 5_000, String(sizes))
  assert.equal(sizes.length, 5)
  assert.match(textOf(files()[0]!), /^30 /)
  assert.match(textOf(files()[4]!), /^38 /)
})

test('files of long ago are let go; what others write to, and what is none of ours, is not', async (t) => {
  const { reels, folder, files, write } = rig(t)
  mkdirSync(folder)
  const closed = '2026-01-01T00-00-00-000Z-1-abcd.jsonl'
  const theirs = '2026-01-01T00-00-00-000Z-2-abcd.open.jsonl'
  const killed = '2026-01-01T00-00-00-000Z-3-abcd.open.jsonl'
  const notes = ['notes.jsonl', 'day.csv']
  for (const name of [closed, theirs, killed, ...notes]) writeFileSync(join(folder, name), 'x'.repeat(9_000))
  const old = new Date(Date.now() - 7_200_000)
  for (const name of [closed, killed, ...notes]) utimesSync(join(folder, name), old, old)
  write('one')
  await until(() => reels.counts.rows === 1)
  const left = files().filter((name) => !name.includes(`-${process.pid}-`))
  assert.deepEqual(left, [theirs, ...notes].sort())
})

test('a file that is written to is touched now and then, however long nothing happens', async (t) => {
  const { reels, folder, files, write } = rig(t)
  write('one')
  await until(() => reels.counts.rows === 1)
  const path = join(folder, files()[0]!)
  const old = new Date(Date.now() - 3_000_000)
  utimesSync(path, old, old)
  await until(() => statSync(path).mtimeMs > old.getTime() + 1_000_000)
  assert.deepEqual(reels.counts, { rows: 1, dropped: 0, bytes: 4 })
})

test('a file is let go when its last line is older than is kept', async (t) => {
  const made = rig(t)
  const { reels, clock, folder, files, write } = made
  made.bounds = { ...made.bounds!, keepBytes: 1e9 }
  mkdirSync(folder)
  const names = [20, 31].map((days) => {
    const date = new Date(Date.now() - days * dayMs)
    const name = `${date.toISOString().replaceAll(/[:.]/g, '-')}-1-abcd.jsonl`
    writeFileSync(join(folder, name), 'x')
    utimesSync(join(folder, name), date, date)
    return name
  })
  write('one')
  await until(() => reels.counts.rows === 1)
  assert.ok(files().includes(names[0]!) && !files().includes(names[1]!))
  clock.aheadMs = 11 * dayMs
  write('two')
  await until(() => reels.counts.rows === 2)
  assert.ok(!files().includes(names[0]!))
})

test('two gateways in one folder never write into the same file', async (t) => {
  const one = rig(t)
  const other = rig(t, one.folder)
  for (const each of [one, other]) {
    each.clock.aheadMs = untilNoon()
    each.bounds = { ...each.bounds!, keepBytes: 1e9 }
  }
  for (let n = 0; n < 6; n += 1) {
    one.write('one'.padEnd(499, '.'))
    other.write('two'.padEnd(499, '.'))
  }
  await Promise.all([one.reels.close(), other.reels.close()])
  const written = one.files().map((file) => one.textOf(file))
  assert.equal(written.length, 6)
  assert.ok(written.every((text) => !(text.includes('one') && text.includes('two'))))
})

test('a folder that cannot be written costs the lines of its time, is said once, and is tried again', async (t) => {
  const { reels, clock, folder, notices, files, write, textOf } = rig(t)
  writeFileSync(folder, 'a file where the folder should be')
  write('lost')
  await until(() => reels.counts.dropped === 1)
  assert.equal(write('not taken'), undefined)
  clock.aheadMs = 5_100
  write('lost too')
  await until(() => reels.counts.dropped === 3)
  rmSync(folder)
  clock.aheadMs = 10_200
  assert.equal(write('kept'), 3)
  await until(() => reels.counts.rows === 1)
  assert.deepEqual(files().map(textOf), ['kept\n'])
  assert.deepEqual(notices, [
    `Nothing can be recorded in ${folder} (EEXIST). Requests are served all the same; it is tried again.`,
    `Requests are recorded again in ${folder}. Lines that are missing: 3.`,
  ])
})

test('whoever takes the folder away gets another file, and not lines that nobody will ever find', async (t) => {
  const { reels, clock, folder, files, write, textOf } = rig(t)
  write('one')
  await until(() => reels.counts.rows === 1)
  rmSync(folder, { recursive: true })
  write('two')
  await until(() => reels.counts.dropped === 1)
  clock.aheadMs = 5_100
  assert.equal(write('three'), 2)
  await until(() => reels.counts.rows === 2)
  assert.deepEqual(files().map(textOf), ['three\n'])
})

test('what is switched off is closed, and nothing more is taken', async (t) => {
  const made = rig(t)
  const { reels, folder, files, write } = made
  made.bounds = undefined
  assert.equal(write('nothing'), undefined)
  assert.ok(!existsSync(folder))
  made.bounds = { fileBytes: 1_000, keepBytes: 5_000, keepMs: dayMs }
  write('one')
  await until(() => reels.counts.rows === 1)
  made.bounds = undefined
  assert.equal(write('nothing'), undefined)
  await until(() => files().every((file) => !file.includes('.open.')))
  assert.deepEqual(reels.counts, { rows: 1, dropped: 0, bytes: 4 })
})

test('a process that ends in the middle of something still writes what it held back', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-reels-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const program = `
    import { Reels } from ${JSON.stringify(new URL('reels.ts', import.meta.url).href)}
    const world = { now: () => performance.now(), epochMs: () => Date.now(), random: Math.random }
    const bounds = () => ({ fileBytes: 1e6, keepBytes: 1e7, keepMs: 1e9 })
    const reels = new Reels({ folder: ${JSON.stringify(folder)}, world, emit: () => {}, bounds, gatherMs: 60_000 })
    const write = (line) => { reels.file(); reels.write(line) }
    write('one\\n')
    setTimeout(() => { write('two\\n'); process.exit(3) }, 50)
  `
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [3, ''])
  assert.deepEqual(
    readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8')),
    ['one\ntwo\n'],
  )
})
