import { Postgres } from '../../src/ledger/postgres.ts'
import { note, tables } from './notes.ts'

/** A gateway that stands still in the middle of a transaction, for ever. */
const [url = ''] = process.argv.slice(2)
const bounds = { statementMs: 400, pauseMs: 200, graceMs: 100 }
const postgres = new Postgres({ url, now: () => performance.now(), steps: tables, bounds })
await postgres.write(function* () {
  yield* note('never')
  process.stdout.write('frozen\n', () => process.kill(process.pid, 'SIGSTOP'))
  yield* note('neither')
  const until = performance.now() + 60_000
  while (performance.now() < until);
})
