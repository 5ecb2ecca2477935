import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { BoundAccount, Claim, ReportQuery, ReportRow } from '../../src/core/ledger.ts'
import type { Books } from '../../src/ledger/books.ts'
import { reportOf } from '../../src/ledger/memory-report.ts'
import { bound, claimOf, dayMs, dayOf, entryOf, someDay, tryOf } from './money.ts'

/** Books to be tried: empty ones, that can be left without a word and opened again, as after a crash. */
export interface Tried {
  readonly books: Books
  /** Forgets what the program knows, and opens what is on the disk. */
  reopen(): Promise<Books>
  remove(): Promise<void>
}

/** What every database has to do that the ledger keeps its books in. */
export function booksSuite(name: string, open: () => Promise<Tried>, { rounds = 100, histories = 8 } = {}): void {
  const withBooks = (about: string, act: (books: Books, tried: Tried) => Promise<void>): void =>
    void test(about, async () => {
      const tried = await open()
      try {
        await act(tried.books, tried)
      } finally {
        await tried.remove()
      }
    })

  void suite(name, () => {
    withBooks('of 500 at once on money for 10, exactly 10 are let in', async (books) => {
      for (let round = 0; round < rounds; round += 1) {
        const account = bound(1_000, dayOf(`caller:round-${round}`))
        const answers = await Promise.all(
          Array.from({ length: 500 }, (_, i) => books.run('hold', claimOf(`r${round}-${i}/1`, 100, [account]), 'me')),
        )
        assert.equal(answers.filter(({ short }) => short === undefined).length, 10, `round ${round}`)
      }
    })

    withBooks('money is taken from all accounts of a claim or from none', async (books) => {
      const [rich, poor] = [bound(1_000, dayOf('caller:chat-ui')), bound(100, dayOf('team:lab'))]
      const { short } = await books.run('hold', claimOf('a/1', 101, [poor, rich]), 'me')
      assert.equal(short?.name, 'team:lab/day')
      for (const { heldNano } of await books.run('standings', [rich, poor])) assert.equal(heldNano, 0)
      const { short: none, standings } = await books.run('hold', claimOf('b/1', 100, [poor, rich]), 'me')
      assert.equal(none, undefined)
      assert.deepEqual(
        standings.map(({ heldNano }) => heldNano),
        [100, 100],
      )
    })

    withBooks('a claim that is made twice is held once', async (books) => {
      const claim = claimOf('a/1', 60, [bound(100)])
      for (const _ of [1, 2]) {
        const { short, standings } = await books.run('hold', claim, 'me')
        assert.equal(short, undefined)
        assert.equal(standings[0]?.heldNano, 60)
      }
    })

    withBooks('for a request that has ended, nothing is held any more', async (books) => {
      const claim = claimOf('a/1', 60, [bound(100)])
      await books.run('hold', claim, 'me')
      await books.run('close', [entryOf('a', [tryOf(claim, 50)])])
      await assert.rejects(books.run('hold', claim, 'me'), { kind: 'wrong' })
      assert.deepEqual(await heldAndSpent(books, [dayOf('gateway')]), [[0, 50]])
    })

    withBooks('a request that ends twice has one row and is paid once', async (books) => {
      const claim = claimOf('a/1', 60, [bound(100)])
      await books.run('hold', claim, 'me')
      const entry = entryOf('a', [tryOf(claim, 50)])
      await books.run('close', [entry, entry])
      await books.run('close', [entry])
      assert.deepEqual(await books.run('entriesAfter', 0, 10), [entry])
      assert.deepEqual(await heldAndSpent(books, [dayOf('gateway')]), [[0, 50]])
    })

    withBooks('what was spent beyond what was held counts all the same', async (books) => {
      const claim = claimOf('a/1', 60, [bound(100)])
      await books.run('hold', claim, 'me')
      await books.run('close', [entryOf('a', [tryOf(claim, 170)])])
      assert.deepEqual(await heldAndSpent(books, [dayOf('gateway')]), [[0, 170]])
      assert.notEqual((await books.run('hold', claimOf('b/1', 1, [bound(100)]), 'me')).short, undefined)
    })

    withBooks('an account that is new knows what was spent and held in its span before', async (books) => {
      const [before, after] = [claimOf('a/1', 60, [bound(100)]), claimOf('b/1', 30, [bound(100)])]
      await books.run('hold', before, 'me')
      await books.run('hold', after, 'me')
      await books.run('close', [entryOf('a', [tryOf(before, 50)])])
      const mine = dayOf('caller:chat-ui')
      assert.deepEqual(await heldAndSpent(books, [mine, dayOf('upstream:haiku')]), [
        [30, 50],
        [30, 50],
      ])
      const { short } = await books.run('hold', claimOf('c/1', 21, [bound(100, mine)]), 'me')
      assert.equal(short?.spentNano, 50)
      await books.run('close', [entryOf('b', [tryOf(after, 20)])])
      assert.deepEqual(await heldAndSpent(books, [mine, dayOf('gateway')]), [
        [0, 70],
        [0, 70],
      ])
    })

    withBooks('another day begins with nothing spent', async (books) => {
      const claim = claimOf('a/1', 100, [bound(100)])
      await books.run('hold', claim, 'me')
      const next = bound(100, dayOf('gateway', someDay + dayMs))
      const { short } = await books.run('hold', claimOf('b/1', 100, [next], { at: someDay + dayMs }), 'me')
      assert.equal(short, undefined)
      await books.run('close', [entryOf('a', [tryOf(claim, 90)])])
      assert.deepEqual(await heldAndSpent(books, [next]), [[100, 0]])
    })

    withBooks('a clock that is set back opens no older span', async (books) => {
      const today = bound(100)
      await books.run('hold', claimOf('a/1', 100, [today]), 'me')
      const yesterday = bound(100, dayOf('gateway', someDay - dayMs))
      const { short } = await books.run('hold', claimOf('b/1', 1, [yesterday], { at: someDay - 1_000 }), 'me')
      assert.equal(short?.from, today.from)
    })

    withBooks('what a process held is found under its name until it has ended', async (books, tried) => {
      const claim = claimOf('a/1', 60, [bound(100)])
      await books.run('hold', claim, 'me')
      await books.run('hold', claimOf('b/1', 10, [bound(100)]), 'other')
      const again = await tried.reopen()
      assert.deepEqual(await again.run('holdOwners'), ['me', 'other'])
      assert.deepEqual(await again.run('openHolds', 'me'), [claim])
      await again.run('close', [entryOf('a', [tryOf(claim, 0)], { state: 'released' })])
      assert.deepEqual(await again.run('openHolds', 'me'), [])
      assert.deepEqual(await heldAndSpent(again, [dayOf('gateway')]), [[10, 0]])
    })

    withBooks('what one caller or team used up is known at once', async (books) => {
      await books.run('close', [
        entryOf('a', [], { team: 'lab' }),
        entryOf('b', [], { caller: 'other', team: 'lab', gpuMs: 100.4 }),
        entryOf('c', [], { at: someDay - 1 }),
      ])
      assert.deepEqual(await books.run('used', { caller: 'chat-ui' }, someDay), { tokens: 120, gpuMs: 900 })
      assert.deepEqual(await books.run('used', { team: 'lab' }, someDay), { tokens: 240, gpuMs: 1_000 })
      assert.deepEqual(await books.run('used', { caller: 'nobody' }, someDay), { tokens: 0, gpuMs: 0 })
    })

    withBooks('a report says what adding up the requests one by one would say', async (books) => {
      await fc.assert(
        fc.asyncProperty(fc.array(request, { maxLength: 40 }), query, async (requests, asked) => {
          // Callers of each run are others, so that one database will do.
          run += 1
          const mark = `run ${run} `
          const entries = requests.map((made, i) => entryOf(`${mark}${i}`, [], { ...made, dialect: mark }))
          await books.run('close', entries)
          const found = await books.run('report', { ...asked, by: [...asked.by, 'dialect'] })
          const expected = reportOf(entries, { ...asked, by: [...asked.by, 'dialect'] })
          assert.deepEqual(sorted(found.filter(({ of }) => of.dialect === mark)), sorted(expected))
        }),
        { numRuns: 30 },
      )
    })

    withBooks('what is let go is still in the sums of its day', async (books) => {
      const entries = Array.from({ length: 30 }, (_, i) =>
        entryOf(`r${i}`, [], { at: someDay + i * 3_600_000, caller: `c${i % 2}`, nano: i }),
      )
      await books.run('close', entries)
      const asked = { by: ['day', 'caller'], timeZone: 'Asia/Kolkata' } as const
      const before = await books.run('report', asked)
      await books.run('closeDays', someDay + 20 * 3_600_000, asked.timeZone)
      let gone = 0
      for (let some = -1; some !== 0; gone += Math.max(0, some)) some = await books.run('letGo', 7)
      // The day there ended at half past six in the evening.
      assert.equal(gone, 19)
      assert.deepEqual(await books.run('report', asked), before)
      assert.equal((await books.run('entriesAfter', 0, 100)).length, 11)
      assert.equal((await books.run('report', { by: ['hour'], timeZone: asked.timeZone })).length, 12)
      // One that comes this late counts where there is still room for it.
      await books.run('close', [entryOf('late', [], { at: someDay })])
      const requests = (await books.run('report', { by: [] }))[0]?.requests
      assert.equal(requests, 31)
    })

    withBooks('who was forgotten is nobody, and what was used stays', async (books) => {
      await books.run('close', [
        entryOf('a', [], { caller: 'alice', key: 'k1' }),
        entryOf('b', [], { caller: 'bob', key: 'k2' }),
      ])
      const id = await books.run('purge', 'alice')
      assert.equal(await books.run('purge', 'alice'), null)
      const rows = await books.run('report', { by: ['caller', 'key'] })
      assert.deepEqual(
        rows.map(({ of, requests }) => [of.caller, of.key?.replace(/-.*/, ''), requests]),
        [
          ['bob', 'k2', 1],
          [`forgotten-${id}`, 'forgotten', 1],
        ],
      )
      assert.equal((await books.run('entryOf', 'a'))?.caller, `forgotten-${id}`)
      await books.run('close', [entryOf('c', [], { caller: 'alice' })])
      assert.deepEqual(await books.run('used', { caller: 'alice' }, someDay), { tokens: 120, gpuMs: 900 })
    })

    withBooks('whatever happens, no account is overdrawn and all that was held comes back', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
          const tried = await open()
          try {
            await follow(tried, steps)
          } finally {
            await tried.remove()
          }
        }),
        { numRuns: histories },
      )
    })
  })
}

let run = 0

const names = ['', 'chat-ui', 'Ümläut \n "quoted"', "'; DROP TABLE requests; --"] as const

const request = fc.record({
  at: fc.integer({ min: someDay, max: someDay + 40 * dayMs }),
  caller: fc.constantFrom(...names),
  team: fc.constantFrom(...names),
  key: fc.constantFrom(...names.slice(1)),
  model: fc.constantFrom('qwen3', 'llama'),
  spilled: fc.boolean(),
  estimated: fc.boolean(),
  fault: fc.constantFrom(undefined, 'timeout'),
  inputTokens: fc.nat(1_000_000),
  nano: fc.integer({ min: 0, max: 9_000_000_000_000 }),
})

const query = fc.record(
  {
    by: fc.uniqueArray(fc.constantFrom('caller', 'key', 'team', 'model', 'hour', 'day', 'week', 'month')),
    since: fc.integer({ min: someDay, max: someDay + 40 * dayMs }),
    until: fc.integer({ min: someDay, max: someDay + 40 * dayMs }),
    caller: fc.constantFrom('chat-ui', 'nobody'),
    timeZone: fc.constantFrom('UTC', 'Asia/Kathmandu', 'America/New_York'),
  },
  { requiredKeys: ['by', 'timeZone'] },
) as fc.Arbitrary<ReportQuery>

const sorted = (rows: readonly ReportRow[]): string[] => rows.map((row) => JSON.stringify(row)).sort()

const heldAndSpent = async (books: Books, accounts: Parameters<typeof bound>[1][]) =>
  (await books.run('standings', accounts as [])).map(({ heldNano, spentNano }) => [heldNano, spentNano])

type Step =
  | { readonly type: 'hold'; readonly nano: number; readonly who: number; readonly day: number }
  | { readonly type: 'close' | 'again'; readonly which: number; readonly share: number }
  | { readonly type: 'crash' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('hold' as const),
      nano: fc.integer({ min: 0, max: 60 }),
      who: fc.integer({ min: 0, max: 2 }),
      day: fc.integer({ min: -1, max: 1 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom('close' as const, 'again' as const),
      which: fc.nat(100),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'crash' as const }) },
)

const accountsOf = (who: number, day: number): readonly BoundAccount[] => [
  bound(100, dayOf('gateway', someDay + day * dayMs)),
  bound(60, dayOf(`caller:c${who}`, someDay + day * dayMs)),
]

async function follow(tried: Tried, steps: readonly Step[]): Promise<void> {
  let { books } = tried
  const open = new Map<string, Claim>()
  const ended: Claim[] = []
  const every = [0, 1, 2].flatMap((who) => [-1, 0, 1].flatMap((day) => accountsOf(who, day)))
  for (const [i, one] of steps.entries()) {
    if (one.type === 'crash') books = await tried.reopen()
    else if (one.type === 'hold') {
      const at = someDay + one.day * dayMs + 1
      const claim = claimOf(`h${i}/1`, one.nano, accountsOf(one.who, one.day), { caller: `c${one.who}`, at })
      if ((await books.run('hold', claim, 'me')).short === undefined) open.set(claim.id, claim)
    } else {
      const among = one.type === 'close' ? [...open.values()] : ended
      const claim = among[one.which % Math.max(1, among.length)]
      if (claim === undefined) continue
      const entry = entryOf(claim.requestId, [tryOf(claim, Math.floor(claim.nano * one.share))], {
        caller: claim.caller,
      })
      await books.run('close', [entry])
      open.delete(claim.id)
      if (one.type === 'close') ended.push(claim)
    }
    for (const { name, heldNano, spentNano } of await books.run('standings', every)) {
      const limit = name.startsWith('gateway') ? 100 : 60
      assert.ok(heldNano >= 0 && spentNano >= 0 && heldNano + spentNano <= limit, `${name}: ${heldNano} + ${spentNano}`)
    }
  }
  const entries = Array.from(open.values(), (claim) => entryOf(claim.requestId, [tryOf(claim, claim.nano)]))
  await books.run('close', entries)
  for (const { name, heldNano } of await books.run('standings', every)) assert.equal(heldNano, 0, name)
  assert.deepEqual(await books.run('openHolds', 'me'), [])
}
