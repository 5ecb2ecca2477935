import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedPostgres, skipWithoutPostgres } from './server.ts'
import { shopping } from './shop.ts'

const server = sharedPostgres()

test(
  'killed and started again while money is set aside and spent, PostgreSQL has it to the cent',
  skipWithoutPostgres,
  async () => {
    assert.ok((await shopping(server, { kills: 3 })) > 0)
  },
)
