import assert from 'node:assert/strict'
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Event } from '../core/event.ts'
import { BooksFault } from './books.ts'
import { claimOf, dayAccount, entryOf, paidEntry } from './entries.test-helper.ts'
import { Framer } from './journal-frame.ts'
import { closeRecord } from './journal-record.ts'
import { folderFor, openFor } from './ledger.test-helper.ts'
import type { JobName } from './jobs/index.ts'
import type { OpenLedger } from './open.ts'
import { post } from './posting.ts'
import { SqliteHere } from './sqlite-here.test-helper.ts'
import { entriesIn, type Stretch } from './stretch.ts'
import { WilfulBooks } from './wilful-books.test-helper.ts'

interface Rig extends OpenLedger {
  readonly books: WilfulBooks
  readonly notices: string[]
  readonly dataDir: string
}

async function open(t: TestContext): Promise<Rig> {
  const dataDir = folderFor(t)
  const books = new WilfulBooks(new SqliteHere(join(dataDir, 'ledger.db')))
  const notices: string[] = []
  const emit = (event: Event): void => void (event.type === 'notice' && notices.push(`${event.level} ${event.text}`))
  return { ...(await openFor(t, { dataDir, books, emit })), books, notices, dataDir }
}

const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5))
}

const full = new BooksFault('full', 'There is no space left for the ledger.')
const accounts = [dayAccount(1_000)]

test('while the books are full nothing is set aside, what ends is kept, and all of it is entered once they are not', async (t) => {
  const { ledger, books, notices, backlog } = await open(t)
  const claim = claimOf('paid#1', { accounts })
  await ledger.hold(claim)
  books.fault = full
  ledger.sent(claim)
  await ledger.close(paidEntry(claim, 30))
  for (let i = 0; i < 300; i += 1) void ledger.close(entryOf(`local-${i}`))
  await until(() => ledger.trouble !== undefined)
  assert.equal(ledger.trouble, full.message)
  await assert.rejects(ledger.hold(claimOf('other#1', { accounts })), /no space left/)
  assert.equal(backlog().waiting, 301)

  books.fault = undefined
  const before = performance.now()
  await until(() => ledger.trouble === undefined && backlog().waiting === 0)
  assert.ok(performance.now() - before < 5_000)
  assert.equal((await ledger.report({ by: [] }))[0]?.requests, 301)
  assert.equal(notices.length, 2, 'told once when it began and once when it was over')
  assert.match(notices[0]!, /^error There is no space left for the ledger\. Until that is over, nothing is served for/)
  assert.match(notices[1]!, /^info The ledger can be written again\.$/)
})

test('nobody waits long for books that do not answer, and what they set aside too late is given back', async (t) => {
  const { ledger, books } = await open(t)
  const { promise, resolve } = Promise.withResolvers<void>()
  books.heldUp = promise
  const asked = performance.now()
  await assert.rejects(ledger.hold(claimOf('late#1', { accounts })), /takes too long/)
  assert.ok(performance.now() - asked < 3_000)
  assert.equal(ledger.trouble, 'The ledger takes too long.')
  // Who ends meanwhile is not kept waiting.
  assert.equal(ledger.close(entryOf('local')), undefined)
  books.heldUp = undefined
  resolve()
  await until(() => ledger.trouble === undefined)
  await until(async () => (await ledger.standings(accounts))[0]?.heldNano === 0)
  assert.equal((await ledger.hold(claimOf('next#1', { accounts }))).short, undefined)
})

test('a hold whose fate nobody knows is given back, should it have been made', async (t) => {
  const { ledger, books } = await open(t)
  const gone = new BooksFault('gone', 'The thread of the ledger ended.')
  books.lost = gone
  await assert.rejects(ledger.hold(claimOf('lost#1', { accounts })), gone)
  assert.equal((await books.run('holdOwners')).length, 1)
  await until(async () => (await books.run('holdOwners')).length === 0)
  assert.equal((await ledger.standings(accounts))[0]?.heldNano, 0)
  assert.equal(ledger.trouble, undefined)
})

test('a claim that makes no sense is refused, and the books are none the worse for it', async (t) => {
  const { ledger } = await open(t)
  await ledger.close(paidEntry(claimOf('over#1', { accounts }), 30))
  await until(async () => (await ledger.report({ by: [] }))[0]?.requests === 1)
  await assert.rejects(ledger.hold(claimOf('over#2', { accounts })), /has ended/)
  assert.equal(ledger.trouble, undefined)
})

test('an entry that cannot be entered is set aside, and does not keep the others out', async (t) => {
  const { ledger, books, notices, dataDir, backlog } = await open(t)
  const textIn = (job: JobName, [of]: readonly unknown[]): string => {
    if (job === 'closeStretch') return entriesIn(of as Stretch).join()
    return job === 'closeText' ? (of as string) : ''
  }
  books.refuses = (job, args) =>
    textIn(job, args).includes('"bad"') ? new BooksFault('wrong', 'A number is out of bounds.') : undefined
  for (const id of ['one', 'bad', 'two']) void ledger.close(entryOf(id))
  await until(() => backlog().waiting === 0)
  assert.equal((await ledger.report({ by: [] }))[0]?.requests, 2)
  assert.equal(ledger.trouble, undefined)
  const refused = readFileSync(join(dataDir, 'journal', 'refused.log'), 'utf8')
  assert.equal((JSON.parse(refused) as { id: string }).id, 'bad')
  assert.match(notices.join(), /could not enter a request.*out of bounds/)
})

test('what cannot be read of the journal any more is told, and does not keep the rest out', async (t) => {
  const dataDir = folderFor(t)
  const books = new SqliteHere(join(dataDir, 'ledger.db'))
  const framer = new Framer()
  const whole = ['a', 'b'].map((id) => Buffer.from(framer.frame(closeRecord(JSON.stringify(entryOf(id))))))
  const path = join(dataDir, 'piece')
  writeFileSync(path, Buffer.concat([...whole, Buffer.alloc(100)]))
  const file = openSync(path, 'r')
  t.after(() => closeSync(file))
  const to = statSync(path).size
  assert.deepEqual(await post(books, { file, from: 0, to, entries: 3 }, dataDir), [
    'Of 3 requests in the journal, 1 cannot be read.',
  ])
  assert.equal((await books.run('report', { by: [] }))[0]?.requests, 2)
  await books.close()
})

test('what the books would not take by the end stays in the journal, and whoever comes next enters it', async (t) => {
  const { ledger, books, close, dataDir } = await open(t)
  const claim = claimOf('paid#1', { accounts })
  await ledger.hold(claim)
  books.fault = full
  await ledger.close(paidEntry(claim, 30))
  await close()
  assert.equal(readdirSync(join(dataDir, 'journal')).length, 1)
  const next = await openFor(t, { dataDir })
  const [standing] = await next.ledger.standings(accounts)
  assert.deepEqual([standing?.spentNano, standing?.heldNano], [30, 0])
  assert.deepEqual(
    readdirSync(join(dataDir, 'journal')).filter((name) => !name.startsWith('.')).length,
    1,
    'only its own',
  )
})
