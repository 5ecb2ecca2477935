import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { audited, type Change } from '../../src/core/change.ts'
import type { Event } from '../../src/core/event.ts'
import { Fault } from '../../src/core/fault.ts'
import { Audit } from '../../src/ledger/audit.ts'
import { BookNotes } from '../../src/ledger/book-notes.ts'
import type { Books } from '../../src/ledger/books.ts'
import { SimWorld } from '../../src/sim/world.ts'

const change = (subject: string, over: Partial<Change> = {}): Change => ({
  actor: 'cli:ann',
  action: 'key.create',
  subject,
  result: 'ok',
  ...over,
})

const everything = { most: 1_000_000 }

const auditOn = (books: Pick<Books, 'run'>, world = new SimWorld(1), emit: (event: Event) => void = () => {}): Audit =>
  new Audit({ books, world, emit })

/** Empty books, and the same as another program has them open, before and after this one falls over. */
interface Tried {
  readonly books: Books
  other(): Books
  remove(): Promise<void>
}

/** What every database has to do that changes are taken down in, and what gateways remember together. */
export function auditSuite(name: string, open: () => Promise<Tried>, { runs = 8 } = {}): void {
  const withBooks = (about: string, act: (books: Books, tried: Tried) => Promise<void>): void =>
    void test(about, async () => {
      const tried = await open()
      try {
        await act(tried.books, tried)
      } finally {
        await tried.remove()
      }
    })

  suite(name, () => {
    withBooks(
      'each change has one line, whether it was made or failed, in the order in which they came',
      async (books) => {
        const audit = auditOn(books)
        const intent = { actor: 'admin', source: '127.0.0.1', action: 'model.load', subject: 'llama3.1:8b' }
        await audited(
          audit,
          intent,
          () => Promise.resolve('done'),
          () => ({ after: 'loaded' }),
        )
        const failing = (): Promise<never> => Promise.reject(new Fault('no-upstream', 'SECRET words'))
        await assert.rejects(audited(audit, intent, failing), /SECRET/)
        await assert.rejects(
          audited(audit, intent, () => Promise.reject(new TypeError('SECRET too'))),
          /SECRET/,
        )
        const rows = await audit.list(everything)
        assert.deepEqual(
          rows.map(({ seq, result, after }) => [seq, result, after]),
          [
            [3, 'TypeError', undefined],
            [2, 'no_upstream_available', undefined],
            [1, 'ok', 'loaded'],
          ],
        )
        assert.equal(JSON.stringify(rows).includes('SECRET'), false)
        assert.deepEqual(await books.run('verifyAudit'), { rows: 3, brokenAt: undefined, why: undefined })
      },
    )

    withBooks(
      'of a hundred lines that two gateways write at once, each follows upon one other',
      async (books, tried) => {
        const world = new SimWorld(1)
        const all = [books, tried.other()].map((one) => auditOn(one, world))
        await Promise.all(Array.from({ length: 100 }, (_, i) => all[i % 2]!.add(change(`key-${i}`))))
        // Where one kept the books for longer than the other waits, the other comes back to it.
        for (const audit of all) await drained(audit, world)
        const rows = await all[0]!.list(everything)
        assert.deepEqual(
          rows.map(({ seq }) => seq),
          Array.from({ length: 100 }, (_, i) => 100 - i),
        )
        assert.equal((await books.run('verifyAudit')).brokenAt, undefined)
      },
    )

    withBooks(
      'whatever was done, and whenever the program fell over, each change has exactly one line',
      async (first, tried) => {
        const step = fc.record({
          kind: fc.constantFrom('add', 'fail', 'gone', 'twice', 'crash', 'switch'),
          subject: fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.toWellFormed().replaceAll('\0', '')),
        })
        let books = first
        let expected = 0
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
            for (const { kind, subject } of steps) {
              const world = new SimWorld(1)
              let isGone = kind === 'gone'
              const run: Books['run'] = (...asked) => (isGone ? Promise.reject(new Error('gone')) : books.run(...asked))
              const audit = auditOn({ run }, world)
              if (kind === 'crash') books = tried.other()
              else if (kind === 'switch') {
                const state = { open: expected % 2 === 0, by: 'admin', at: expected }
                // As a gateway does that does not know whether it was written.
                for (const _ of [1, 2]) await new BookNotes(books).setCloud(state)
                expected += 1
              } else if (kind === 'twice') {
                const record = { ...change(subject), id: `twice-${expected}`, at: 1, uptimeMs: 1 }
                await Promise.all([books.run('addAudit', record), books.run('addAudit', record)])
                expected += 1
              } else {
                await audit.add(change(subject, { result: kind === 'fail' ? 'not_found' : 'ok' }))
                isGone = false
                // The books are back; a second later the line is in them.
                if (kind === 'gone') await drained(audit, world)
                expected += 1
              }
            }
            const { rows, brokenAt } = await books.run('verifyAudit')
            assert.deepEqual([rows, brokenAt], [expected, undefined])
          }),
          { numRuns: runs },
        )
      },
    )

    withBooks(
      'where nothing can be written, that is said once, nobody waits for it, and nothing is left out',
      async (books) => {
        const world = new SimWorld(1)
        const said: string[] = []
        let isGone = true
        const run: Books['run'] = (...asked) => (isGone ? Promise.reject(new Error('full')) : books.run(...asked))
        const audit = auditOn({ run }, world, (event) => void (event.type === 'notice' && said.push(event.text)))
        for (let i = 0; i < 5; i += 1) {
          await audit.add(change(`key-${i}`))
          await world.run(world.sleep(700))
        }
        assert.equal(audit.waiting, 5)
        assert.equal(said.length, 1)
        isGone = false
        await drained(audit, world)
        const rows = await audit.list(everything)
        assert.deepEqual(
          rows.map(({ subject }) => subject),
          ['key-4', 'key-3', 'key-2', 'key-1', 'key-0'],
        )
      },
    )

    withBooks('lines that are old enough are let go of, and the rest is still a chain', async (books) => {
      for (let i = 1; i <= 10; i += 1)
        await books.run('addAudit', { ...change(`key-${i}`), id: `id-${i}`, at: i * 1_000, uptimeMs: i })
      assert.equal(await books.run('forgetAudit', 5_000), 4)
      assert.equal(await books.run('forgetAudit', 5_000), 0)
      assert.deepEqual(await books.run('verifyAudit'), { rows: 6, brokenAt: undefined, why: undefined })
      await books.run('addAudit', { ...change('last'), id: 'last', at: 11_000, uptimeMs: 11 })
      assert.equal((await books.run('verifyAudit')).rows, 7)
      const asked = { since: 6_000, until: 9_000, actionPrefix: 'key.', most: 2 }
      assert.deepEqual(
        (await books.run('listAudit', asked)).map(({ subject }) => subject),
        ['key-8', 'key-7'],
      )
      assert.deepEqual(await books.run('listAudit', { ...asked, actionPrefix: 'key.%' }), [])
    })

    withBooks('how the switch stands is known after a restart, with who moved it and why', async (books, tried) => {
      assert.equal(await new BookNotes(books).cloud(), undefined)
      const closed = { open: false, by: 'admin', from: '10.0.0.7', reason: 'the bill', at: 5 }
      await new BookNotes(books).setCloud(closed)
      const again = tried.other()
      assert.deepEqual(await new BookNotes(again).cloud(), closed)
      await new BookNotes(again).setCloud({ open: true, by: 'cli:ann', at: 6 })
      assert.deepEqual(await new BookNotes(books).cloud(), { open: true, by: 'cli:ann', at: 6 })
      const rows = await books.run('listAudit', everything)
      assert.deepEqual(
        rows.map(({ actor, source, action, before, after, detail }) => [actor, source, action, before, after, detail]),
        [
          ['cli:ann', undefined, 'cloud.open', 'closed', 'open', undefined],
          ['admin', '10.0.0.7', 'cloud.close', 'open', 'closed', 'the bill'],
        ],
      )
    })

    withBooks(
      'a letter is taken down once, taken by one, and comes up again where nothing is heard of it',
      async (books, tried) => {
        const [one, other] = [new BookNotes(books), new BookNotes(tried.other())]
        const letter = { id: 'msg_1', at: 100, body: '{"type":"note"}' }
        assert.deepEqual(
          await Promise.all([one.post(letter, true), other.post(letter, true)]).then((all) => all.sort()),
          [false, true],
        )
        assert.deepEqual(await one.take(99, 30, 4), [])
        const taken = (await Promise.all([one.take(100, 30, 4), other.take(100, 30, 4)])).flat()
        assert.deepEqual(taken, [{ ...letter, tries: 0 }])
        assert.equal((await other.take(129, 30, 4)).length, 0)
        assert.equal((await other.take(130, 30, 4)).length, 1)
        await other.sent('msg_1', { tryAgainAt: 500 })
        assert.deepEqual(await one.take(500, 30, 4), [{ ...letter, tries: 1 }])
        await one.sent('msg_1', { ended: 'delivered' })
        assert.deepEqual(await one.take(10_000, 30, 4), [])
        assert.equal(await one.post({ ...letter, id: 'msg_2' }, false), true)
        assert.deepEqual(await one.take(10_000, 30, 4), [])
      },
    )
  })
}

/** Lets time pass until nothing waits to be taken down; what the books do takes time of its own. */
async function drained(audit: Audit, world: SimWorld): Promise<void> {
  for (let look = 0; look < 200 && audit.waiting > 0; look += 1) {
    await world.run(world.sleep(1_000))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.equal(audit.waiting, 0)
}
