import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { folderWith, started } from '../../src/cli/process.test-helper.ts'
import type { Bounds } from '../../src/ledger/postgres-driver.ts'
import { Postgres } from '../../src/ledger/postgres.ts'
import { count, note, tables } from './notes.ts'
import { skipWithoutPostgres, sharedPostgres } from './server.ts'

/** What the server is silent for, and is given up: the usual bounds, only sooner. */
const hasty: Bounds = { statementMs: 400, pauseMs: 200, graceMs: 100 }

const server = sharedPostgres()

const opened = (t: TestContext, url: string, bounds?: Bounds): Postgres => {
  const postgres = new Postgres({ url, now: () => performance.now(), steps: tables, bounds })
  t.after(() => postgres.close())
  return postgres
}

/** Writes them one after the other, each until it is written; resolves with the longest time that one attempt took. */
const insist = async (postgres: Postgres, ids: readonly string[]): Promise<number> => {
  let longestMs = 0
  for (const id of ids) {
    for (let done = false; !done;) {
      const askedAt = performance.now()
      done = await postgres
        .write(() => note(id))
        .then(
          () => true,
          () => sleep(10, false),
        )
      longestMs = Math.max(longestMs, performance.now() - askedAt)
    }
  }
  return longestMs
}

const ids = (name: string): string[] => Array.from({ length: 300 }, (_, n) => `${name}-${n}`)

test('whoever asks while it is down is refused at once, and served when it is back', skipWithoutPostgres, async (t) => {
  const url = server.fresh()
  await server.stop()
  const postgres = opened(t, url)
  const askedAt = performance.now()
  await assert.rejects(postgres.write(() => note('early')))
  await assert.rejects(postgres.read(count))
  assert.ok(performance.now() - askedAt < 1_000)
  await server.start()
  await insist(postgres, ['late'])
  assert.equal(await postgres.read(count), 1)
})

test('killed and started again under load, it has each note once', skipWithoutPostgres, async (t) => {
  const postgres = opened(t, server.fresh())
  const writing = ['a', 'b', 'c', 'd'].map((name) => insist(postgres, ids(name)))
  for (let n = 0; n < 2; n += 1) {
    await sleep(30)
    await server.kill()
    await server.start()
  }
  const longest = await Promise.all(writing)
  assert.equal(await postgres.read(count), 1_200)
  assert.ok(Math.max(...longest) < 3_000, `${Math.max(...longest)} ms`)
})

test(
  'standing still, it keeps nobody waiting for ever, and has each note once when it goes on',
  skipWithoutPostgres,
  async (t) => {
    const postgres = opened(t, server.fresh(), hasty)
    await insist(postgres, ['first'])
    server.pause()
    const writing = ['a', 'b', 'c', 'd'].map((name) => insist(postgres, ids(name)))
    await sleep(1_000)
    server.resume()
    const longest = await Promise.all(writing)
    assert.equal(await postgres.read(count), 1_201)
    assert.ok(Math.max(...longest) < 2_000, `${Math.max(...longest)} ms`)
  },
)

test(
  'a gateway that stands still in the middle of its work does not hold up the others',
  skipWithoutPostgres,
  async (t) => {
    const url = server.fresh()
    const postgres = opened(t, url)
    await insist(postgres, ['first'])
    const frozen = started(t, [process.execPath, fileURLToPath(new URL('frozen.ts', import.meta.url)), url])
    await frozen.says(/frozen/)
    await insist(postgres, ['second'])
    assert.equal(await postgres.read(count), 2)
  },
)

test(
  'where it may only be read, that is said, and over once it may be written again',
  skipWithoutPostgres,
  async (t) => {
    const url = server.fresh()
    const postgres = opened(t, url)
    await insist(postgres, ['first'])
    const database = new URL(url).pathname.slice(1)
    const setReadOnly = (to: string): void => {
      server.psql(`ALTER DATABASE ${database} SET default_transaction_read_only = ${to}`)
      server.psql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`)
    }
    setReadOnly('on')
    await sleep(50)
    await assert.rejects(
      postgres.write(() => note('second')),
      { kind: 'read-only' },
    )
    // What a standby becomes that takes over: the connections that there were lead to one that may not write.
    server.psql(`ALTER DATABASE ${database} SET default_transaction_read_only = off`)
    await postgres.write(() => note('third'))
    assert.equal(await postgres.read(count), 2)
  },
)

test(
  'tables that are gone are no fault of who asks, who may ask again once they are back',
  skipWithoutPostgres,
  async (t) => {
    const url = server.fresh()
    const postgres = opened(t, url)
    await postgres.write(() => note('first'))
    server.psql('ALTER TABLE notes RENAME TO elsewhere', url)
    await assert.rejects(
      postgres.write(() => note('second')),
      { kind: 'gone' },
    )
    server.psql('ALTER TABLE elsewhere RENAME TO notes', url)
    await postgres.write(() => note('second'))
    assert.equal(await postgres.read(count), 2)
  },
)

test('a fault names the server, and never the password that leads there', skipWithoutPostgres, async (t) => {
  const secret = 'open-sesame'
  const url = server.fresh().replace('spillway@', `nobody:${secret}@`)
  const fault = await opened(t, url)
    .write(() => note('first'))
    .catch((error: unknown) => error)
  assert.match(inspect(fault, { depth: 9 }), /PostgreSQL at 127\.0\.0\.1:\d+\/ledger_\d+: role "nobody" does not exist/)
  assert.doesNotMatch(inspect(fault, { depth: 9, showHidden: true }), new RegExp(secret))
})

test('without the package that speaks to it, one sentence says what to install', async (t) => {
  const folder = folderWith(t, {})
  for (const name of ['core', 'ledger']) {
    cpSync(new URL(`../../src/${name}`, import.meta.url), join(folder, name), { recursive: true })
  }
  const program = `
    const { PostgresBooks } = await import('${join(folder, 'ledger/postgres-books.ts')}')
    const books = new PostgresBooks('postgres://127.0.0.1:1/ledger')
    await books.run('listOwners').catch(({ kind, message }) => console.log(kind + ': ' + message))
    await books.close()`
  const { out } = await started(t, [process.execPath, '--input-type=module', '-e', program]).ended
  assert.equal(out, 'gone: The package that speaks to PostgreSQL is not installed. Run: npm install pg\n')
})
