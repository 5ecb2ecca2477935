/** Changes things as an operator does, one after the other, and says which are done, until it is killed. */
import { audited } from '../../src/core/change.ts'
import { Fault } from '../../src/core/fault.ts'
import { realWorld } from '../../src/http/world.ts'
import { readKeyChange, readNewKey } from '../../src/config/keys.ts'
import { KeyDesk } from '../../src/keys/desk.ts'
import { pepperIn } from '../../src/keys/pepper.ts'
import { Audit } from '../../src/ledger/audit.ts'
import { BookNotes } from '../../src/ledger/book-notes.ts'
import { SqliteBooks } from '../../src/ledger/sqlite.ts'
import { chanceOf } from '../../src/sim/chance.ts'

const [dataDir = '', life = ''] = process.argv.slice(2)
const books = new SqliteBooks(`${dataDir}/ledger.db`)
const world = realWorld()
const audit = new Audit({ books, world, emit: () => {} })
const notes = new BookNotes(books)
const desk = new KeyDesk({
  books,
  pepper: pepperIn({ dataDir, env: {} }),
  clock: world,
  reading: { newKey: readNewKey, change: readKeyChange },
  settings: () => ({ callers: [], teams: new Map() }),
})
const chance = chanceOf(Number(life), 'changes')

for (let n = 0; ; n += 1) {
  // Known by its actor alone: of one change there must be one line with that, and none other.
  const by = { actor: `cli:op-${life}-${n}`, source: '127.0.0.1' }
  const kind = Math.floor(chance() * 6)
  const intent = { ...by, action: 'model.load', subject: 'llama3.1:8b' }
  const name = `caller-${life}-${n}`
  try {
    if (kind === 0) await notes.setCloud({ open: n % 2 === 0, by: by.actor, from: by.source, at: world.epochMs() })
    else if (kind === 1) await audited(audit, intent, () => Promise.resolve())
    else if (kind === 2)
      await audited(audit, intent, () => Promise.reject(new Fault('no-upstream', 'Nobody is there.')))
    else if (kind === 3) await desk.create({ name }, by)
    else if (kind === 4) await desk.create({ name: '' }, by)
    else await desk.revoke('nobody12', by)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
  }
  process.stdout.write(`${by.actor}\n`)
}
