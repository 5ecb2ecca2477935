import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Batch, Journal, type JournalOptions } from './journal.ts'
import { Framer } from './journal-frame.ts'
import { recordsFrom } from './journal-reader.ts'
import { closeRecord, Remains, sentRecord } from './journal-record.ts'
import { entriesIn } from './stretch.ts'

const world = { sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 5))) }

const open = async (
  t: TestContext,
  over: Partial<JournalOptions> = {},
): Promise<{ journal: Journal; folder: string }> => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-journal-'))
  const options = { folder, world, segmentBytes: 32 * 1024, carried: () => [], onTrouble: () => {}, ...over }
  const journal = await Journal.open(options)
  t.after(async () => {
    await journal.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { journal, folder }
}

const textsIn = (folder: string): string[] =>
  readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const whole = readFileSync(join(folder, name))
      return [...recordsFrom({ read: (at, most) => whole.subarray(at, at + most) }, 0)].map(({ text }) => text)
    })

/** The entries of a batch, as the books find them. */
const read = (batch: Batch | undefined): readonly string[] | undefined =>
  batch && ('file' in batch.of ? entriesIn(batch.of) : batch.of)

test('what was added is in the file when add returns, and comes out in its order', async (t) => {
  const { journal, folder } = await open(t)
  journal.add(closeRecord('{"id":"a"}'), false)
  journal.note(sentRecord('b#1'))
  journal.add(closeRecord('{"id":"ä"}'), true)
  assert.deepEqual(textsIn(folder), ['c{"id":"a"}', 'sb#1', 'c{"id":"ä"}'])
  const batch = journal.next()!
  assert.deepEqual(read(batch), ['{"id":"a"}', '{"id":"ä"}'])
  assert.equal(batch.entries, 2)
  journal.posted(batch)
  assert.equal(journal.next(), undefined)
  assert.equal(journal.waiting, 0)
})

test('what the books have not got comes out again', async (t) => {
  const { journal } = await open(t, { batchMost: 4 })
  for (let i = 0; i < 10; i += 1) journal.add(closeRecord(`${i}`), false)
  assert.deepEqual(read(journal.next()), ['0', '1', '2', '3'])
  const batch = journal.next()!
  assert.deepEqual(read(batch), ['0', '1', '2', '3'])
  journal.posted(batch)
  assert.deepEqual(read(journal.next()), ['4', '5', '6', '7'])
})

test('what is with the books does not grow under their hands', async (t) => {
  const { journal } = await open(t)
  journal.add(closeRecord('a'), false)
  const batch = journal.next()!
  journal.add(closeRecord('b'), false)
  assert.deepEqual(read(journal.next()), ['a'], 'the same again, as long as they have not taken it')
  journal.posted(batch)
  assert.deepEqual(read(journal.next()), ['b'])
  assert.equal(journal.waiting, 1)
})

test('a segment that the books have is deleted, and what is under way is carried into the next', async (t) => {
  const { journal, folder } = await open(t, { carried: () => [sentRecord('slow#1')], batchMost: 7 })
  journal.note(sentRecord('slow#1'))
  const seen: string[] = []
  for (let i = 0; i < 500; i += 1) {
    journal.add(closeRecord(`${i} ${'x'.repeat(500)}`), false)
    if (i % 20 !== 19) continue
    await world.sleep(1)
    for (let batch = journal.next(); batch !== undefined; batch = journal.next()) {
      seen.push(...read(batch)!)
      journal.posted(batch)
    }
  }
  assert.deepEqual(
    seen.map((text) => Number(text.split(' ')[0])),
    Array.from({ length: 500 }, (_, i) => i),
  )
  assert.ok(readdirSync(folder).length <= 4, `${readdirSync(folder).length} files`)
  const remains = new Remains()
  for (const text of textsIn(folder)) remains.read(text)
  assert.deepEqual([...remains.heard.keys()], ['slow#1'])
})

test('a record cut off at any byte ends the journal there, and those before it are whole', () => {
  const framer = new Framer()
  const whole = Buffer.concat(['one', 'twö', 'three'].map((text) => Buffer.from(framer.frame(text))))
  const last = whole.length - framer.frame('three').length
  for (let length = 0; length < whole.length; length += 1) {
    const bytes = Buffer.concat([whole.subarray(0, length), Buffer.alloc(20)])
    const texts = [...recordsFrom({ read: (at, most) => bytes.subarray(at, at + most) }, 0)].map(({ text }) => text)
    assert.deepEqual(texts, ['one', 'twö', 'three'].slice(0, texts.length), `cut at ${length}`)
    assert.equal(texts.length === 2, length >= last, `cut at ${length}`)
  }
})

test('a record longer than a chunk is read whole', async (t) => {
  const { journal } = await open(t)
  const long = 'y'.repeat(300_000)
  journal.add(closeRecord('short'), false)
  journal.add(closeRecord(long), true)
  journal.add(closeRecord('after'), false)
  assert.deepEqual(read(journal.next()), ['short', long, 'after'])
})

test('many who wait for the disk wait for few rounds of it', async (t) => {
  const { journal } = await open(t)
  await Promise.all(
    Array.from({ length: 100 }, (_, i) => {
      const record = closeRecord(`${i}`)
      journal.add(record, true)
      return journal.synced(record)
    }),
  )
  assert.equal(journal.next()?.entries, 100)
})

test('a journal whose entries the books have leaves nothing behind, and one with others leaves them', async (t) => {
  const done = await open(t)
  done.journal.add(closeRecord('a'), false)
  done.journal.posted(done.journal.next()!)
  await done.journal.close()
  assert.deepEqual(readdirSync(done.folder), [])
  const left = await open(t)
  left.journal.add(closeRecord('a'), false)
  await left.journal.close()
  assert.deepEqual(textsIn(left.folder), ['ca'])
})

test('what could not be brought to the disk is not tried again there but written anew elsewhere', async (t) => {
  const troubles: unknown[] = []
  const failing = new Set<number>()
  let fails = true
  const toDisk = (fd: number): Promise<void> => {
    if (fails) failing.add(fd)
    fails = false
    return failing.has(fd) ? Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })) : Promise.resolve()
  }
  const { journal, folder } = await open(t, { toDisk, onTrouble: (why) => troubles.push(why) })
  journal.add(closeRecord('a'), true)
  await journal.synced(closeRecord('a'))
  journal.add(closeRecord('b'), true)
  await journal.synced(closeRecord('b'))
  assert.deepEqual(textsIn(folder), ['ca', 'ca', 'cb'])
  while (troubles.at(-1) !== undefined) await world.sleep(1)
  assert.equal((troubles[0] as NodeJS.ErrnoException).code, 'EIO')
  assert.deepEqual(read(journal.next()), ['a'])
})

test('who waits for a disk that takes nothing at all is told so', async (t) => {
  const { journal } = await open(t, { toDisk: () => Promise.reject(new Error('EIO')) })
  journal.add(closeRecord('a'), true)
  await assert.rejects(journal.synced(closeRecord('a')), /EIO/)
})

test('what comes after the end is not written to whatever file has that number now', async (t) => {
  const { journal, folder } = await open(t)
  await journal.close()
  assert.equal(journal.add(closeRecord('late'), true), false)
  journal.note(sentRecord('late#1'))
  assert.deepEqual(readdirSync(folder), [])
})
