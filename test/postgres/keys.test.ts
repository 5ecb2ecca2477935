import { test } from 'node:test'
import { PostgresBooks } from '../../src/ledger/postgres-books.ts'
import { keySuite } from '../conformance/keys.ts'
import { sharedPostgres, skipWithoutPostgres } from './server.ts'

if (skipWithoutPostgres.skip === false) {
  const server = sharedPostgres()
  keySuite('PostgreSQL', () => new PostgresBooks(server.fresh()))
} else test('PostgreSQL keeps the keys', skipWithoutPostgres)
