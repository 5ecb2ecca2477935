/**
 * A ledger in a process of its own, that takes down made-up requests until it is killed, and tells what its callers have seen:
 * `node test/ledger/mortal.ts FOLDER SEED LIMIT [thread]`.
 */
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { claimOf, dayAccount, entryOf, paidEntry } from '../../src/ledger/entries.test-helper.ts'
import { realTime } from '../../src/ledger/ledger.test-helper.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { SqliteHere } from '../../src/ledger/sqlite-here.test-helper.ts'
import { chanceOf } from '../../src/sim/chance.ts'

const [dataDir = '', seed = '0', limitNano = '0', threads = ''] = process.argv.slice(2)
const chance = chanceOf(Number(seed), 'mortal')
const accounts = [dayAccount(Number(limitNano)), dayAccount(Number(limitNano), 'caller:ui/day')]

/** At once, so that what was told was told before the end. */
const tell = (...words: (string | number)[]): void => void writeSync(1, `${words.join(' ')}\n`)

const beganAt = performance.now()
// A thread of its own takes longer to begin than all the rest.
const books = threads === 'thread' ? undefined : new SqliteHere(join(dataDir, 'ledger.db'))
const { ledger, ready } = await openLedger({ dataDir, books, world: realTime, emit: () => {}, segmentBytes: 48 * 1024 })
await ready
const standings = await ledger.standings(accounts)
tell('ready', Math.round(performance.now() - beganAt), ...standings.map(({ heldNano }) => heldNano))

async function local(id: string): Promise<void> {
  await ledger.close(entryOf(id))
  tell('whole', id, 0)
}

async function paid(id: string): Promise<void> {
  const claim = claimOf(`${id}#1`, { accounts, at: Date.now() % 86_400_000, expiresAt: Date.now() })
  tell('asked', id)
  // On a busy machine it may take too long, and then nothing leaves.
  const answer = await ledger.hold(claim).catch(() => undefined)
  if (answer === undefined || answer.short !== undefined) return
  ledger.sent(claim)
  tell('left', id)
  await realTime.sleep(chance() * 5)
  ledger.heard(claim, 3)
  await realTime.sleep(chance() * 5)
  const nano = Math.round(chance() * 90)
  await ledger.close(paidEntry(claim, nano))
  tell('whole', id, nano)
}

async function caller(who: number): Promise<void> {
  for (let n = 0; ; n += 1) {
    const id = `${seed}-${who}-${n}`
    await (chance() < 0.5 ? paid(id) : local(id))
    await realTime.sleep(chance() * 4)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, who) => caller(who)))
