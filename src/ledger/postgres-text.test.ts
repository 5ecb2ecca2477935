import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numbered, preparedOf } from './postgres-text.ts'

test('each question mark is numbered in the order they stand in', () => {
  assert.equal(numbered('UPDATE a SET b = ? WHERE c = ? AND d <= ?'), 'UPDATE a SET b = $1 WHERE c = $2 AND d <= $3')
})

test('a question mark in quotes or in a remark is no placeholder', () => {
  assert.equal(
    numbered(`SELECT 'why? it''s ?', "odd?" FROM t -- really?\nWHERE x = ?`),
    `SELECT 'why? it''s ?', "odd?" FROM t -- really?\nWHERE x = $1`,
  )
})

test('a text that comes again has the name it had', () => {
  const first = preparedOf('SELECT 1 WHERE ? = 1')
  assert.equal(preparedOf('SELECT 1 WHERE ? = 1'), first)
  assert.notEqual(preparedOf('SELECT 2 WHERE ? = 1').name, first.name)
})

test('texts without end do not fill the memory of the server', () => {
  for (let n = 0; n < 1_000; n += 1) preparedOf(`SELECT ${n}`)
  assert.deepEqual(preparedOf('SELECT 1000 WHERE ? = 1'), { text: 'SELECT 1000 WHERE $1 = 1', name: undefined })
})
