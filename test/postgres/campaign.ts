/** Gateways that share a PostgreSQL, for the night: `npm run nightly -- postgres 1000`. */
import { PostgresBooks } from '../../src/ledger/postgres-books.ts'
import { race } from '../conformance/race.ts'
import { PostgresServer } from './server.ts'
import { shopping } from './shop.ts'

const [rounds = 1_000] = process.argv.slice(2).map(Number)
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const server = new PostgresServer()
await server.start()
try {
  const url = server.fresh()
  const gateways = [new PostgresBooks(url), new PostgresBooks(url)]
  for (let round = 0; round < rounds; round += 1) await race(gateways, round)
  await Promise.all(gateways.map((gateway) => gateway.close()))
  say(`${rounds} races of 500: each time exactly as many were let in as there was money for.`)
  const kills = Math.ceil(rounds / 10)
  say(`${kills} kills: ${await shopping(server, { kills })} requests, each entered once and paid to the cent.`)
} finally {
  await server.remove()
}
