/** A budget that is reached, told over real sockets out of real books: the receiver fails twice, and the gateway falls over meanwhile. */
import assert from 'node:assert/strict'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Guardrails } from '../../src/accounts/guardrails.ts'
import type { BudgetStanding } from '../../src/core/budget.ts'
import type { Event } from '../../src/core/event.ts'
import { realWorld } from '../../src/http/world.ts'
import { BookNotes } from '../../src/ledger/book-notes.ts'
import { SqliteBooks } from '../../src/ledger/sqlite.ts'

const secret = 'sixteen characters or more'
const begun = Date.UTC(2026, 4, 1, 10)

interface Got {
  readonly id: string
  readonly body: { readonly id: string; readonly type: string; readonly spent: string; readonly limit: string }
  readonly isSigned: boolean
}

/** Takes a letter as receivers are told to: checks the signature, and answers as it is told to. */
async function receiver(statuses: number[]) {
  const got: Got[] = []
  const server = createServer((request, response) => {
    void (async () => {
      let text = ''
      for await (const chunk of request.setEncoding('utf8')) text += chunk
      const [id = '', timestamp = '', signature = ''] = ['id', 'timestamp', 'signature'].map((name) =>
        String(request.headers[`webhook-${name}`]),
      )
      const right = `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${text}`).digest('base64')}`
      const isSigned = right.length === signature.length && timingSafeEqual(Buffer.from(right), Buffer.from(signature))
      got.push({ id, body: JSON.parse(text) as Got['body'], isSigned })
      const status = statuses.shift() ?? 200
      if (status === 0) request.socket.resetAndDestroy()
      else response.writeHead(status, { location: '/elsewhere' }).end('thanks')
    })()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { got, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts?team=a` }
}

test('a receiver that fails twice has each alert once, by its id, signed, though the gateway fell over between the tries', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-webhook-'))
  const { got, server, url } = await receiver([500, 0])
  t.after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await rm(folder, { recursive: true })
  })
  const standing: BudgetStanding = {
    account: 'gateway/day',
    counted: 'nano',
    limit: 20_000_000_000,
    spent: 16_500_000_000,
    held: 0,
    from: begun,
    until: begun + 86_400_000,
    alertAt: [0.8],
  }
  let now = begun
  const events: Event[] = []
  const house = () => {
    const world = realWorld()
    const books = new SqliteBooks(join(folder, 'ledger.db'))
    const rails = new Guardrails({
      world: { ...world, epochMs: () => now },
      emit: (event) => void events.push(event),
      notes: new BookNotes(books),
      ledger: { report: () => Promise.resolve([]) },
      treasury: { standings: () => [standing], setCloud: () => {} },
      alerts: () => ({ webhook: { url, secret }, spillShare: 0.1 }),
      homesOf: () => [],
      lookEveryMs: 1_000,
    })
    return { rails, close: () => Promise.all([books.close(), world.close()]) }
  }
  /** Looks until so many letters have come, each look a second after the one before. */
  const until = async (count: number, rails: Guardrails): Promise<void> => {
    for (let look = 0; look < 200 && got.length < count; look += 1) {
      await rails.look()
      await new Promise((resolve) => setTimeout(resolve, 10))
      now += 1_000
    }
    assert.equal(got.length, count)
  }

  const first = house()
  await until(2, first.rails)
  await first.close()
  const second = house()
  await until(3, second.rails)
  // It is over: nothing comes for an hour.
  for (let minute = 0; minute < 60; minute += 1) {
    await second.rails.look()
    now += 60_000
  }
  await second.close()

  assert.equal(got.length, 3)
  assert.equal(new Set(got.map(({ id }) => id)).size, 1)
  assert.ok(got.every(({ isSigned }) => isSigned))
  const { body, id } = got[2]!
  assert.deepEqual([body.id, body.type, body.spent, body.limit], [id, 'budget.reached', '16.50', '20.00'])
  assert.equal(events.filter(({ type }) => type === 'budget-reached').length, 1)
})
