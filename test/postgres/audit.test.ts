import { test } from 'node:test'
import { PostgresBooks } from '../../src/ledger/postgres-books.ts'
import { auditSuite } from '../conformance/audit.ts'
import { sharedPostgres, skipWithoutPostgres } from './server.ts'

if (skipWithoutPostgres.skip === false) {
  const server = sharedPostgres()
  const open = () => {
    const url = server.fresh()
    const all = [new PostgresBooks(url)]
    return Promise.resolve({
      books: all[0]!,
      other: () => {
        all.push(new PostgresBooks(url))
        return all.at(-1)!
      },
      remove: async () => {
        await Promise.all(all.map((books) => books.close()))
      },
    })
  }
  auditSuite('The audit in PostgreSQL', open, { runs: 3 })
} else test('PostgreSQL keeps the audit', skipWithoutPostgres)
