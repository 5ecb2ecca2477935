import { test } from 'node:test'
import { PostgresBooks } from '../../src/ledger/postgres-books.ts'
import { booksSuite } from '../conformance/books.ts'
import { sharedPostgres, skipWithoutPostgres } from './server.ts'

if (skipWithoutPostgres.skip === false) {
  const server = sharedPostgres()
  const open = () => {
    const url = server.fresh()
    let books = new PostgresBooks(url)
    return Promise.resolve({
      books,
      reopen: async () => {
        await books.close()
        return (books = new PostgresBooks(url))
      },
      remove: () => books.close(),
    })
  }
  booksSuite('PostgreSQL', open, { rounds: 5, histories: 2 })
} else test('PostgreSQL keeps the books', skipWithoutPostgres)
