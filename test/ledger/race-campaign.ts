/** 500 at once on money for 10, at two processes' worth of SQLite: `npm run nightly -- race 1000`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteBooks } from '../../src/ledger/sqlite.ts'
import { race } from '../conformance/race.ts'

const rounds = Number(process.argv[2] ?? 1_000)
const folder = mkdtempSync(join(tmpdir(), 'spillway-race-'))
const gateways = [0, 1].map(() => new SqliteBooks(join(folder, 'ledger.db')))
for (let round = 0; round < rounds; round += 1) await race(gateways, round)
await Promise.all(gateways.map((books) => books.close()))
rmSync(folder, { recursive: true })
process.stdout.write(`${rounds} races: each time exactly as many were let in as there was money for\n`)
