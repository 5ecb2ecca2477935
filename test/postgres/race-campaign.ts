/** Races of two gateways for one budget: `npm run nightly -- postgres 1000`. */
import { PostgresBooks } from '../../src/ledger/postgres-books.ts'
import { race } from './race.ts'
import { PostgresServer } from './server.ts'

const [rounds = 1_000] = process.argv.slice(2).map(Number)
const server = new PostgresServer()
await server.start()
try {
  const url = server.fresh()
  const gateways = [new PostgresBooks(url), new PostgresBooks(url)]
  for (let round = 0; round < rounds; round += 1) await race(gateways, round)
  await Promise.all(gateways.map((gateway) => gateway.close()))
  process.stdout.write(`${rounds} races: each time exactly as many were let in as there was money for.\n`)
} finally {
  await server.remove()
}
