import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Limit, type Crowding } from './limit.ts'

const full = (limit: Limit, more: Partial<Crowding> = {}): Crowding => ({
  lined: 0,
  inFlight: limit.value,
  startedAt: 0,
  now: 0,
  ...more,
})

test('a fixed limit stays what it is, whatever happens', () => {
  const limit = new Limit(3, 8)
  for (let at = 0; at < 50; at += 1) limit.learn('overloaded', full(limit, { startedAt: at, now: at }))
  for (let at = 0; at < 50; at += 1) limit.learn('served', full(limit))
  assert.equal(limit.value, 3)
})

test('it grows while it is full and nobody stands in line', () => {
  const limit = new Limit('auto', 2)
  for (let at = 0; at < 20; at += 1) limit.learn('served', full(limit))
  assert.ok(limit.value >= 8, `it is ${limit.value}`)
})

test('it does not grow on answers of a server that has room to spare', () => {
  const limit = new Limit('auto', 8)
  for (let at = 0; at < 100; at += 1) limit.learn('served', full(limit, { inFlight: 2 }))
  assert.equal(limit.value, 8)
})

test('it never leaves its bounds', () => {
  const limit = new Limit('auto', 4)
  for (let at = 0; at < 10_000; at += 1) limit.learn('served', full(limit))
  assert.equal(limit.value, 256)
  for (let at = 1; at < 100; at += 1) limit.learn('overloaded', full(limit, { startedAt: at, now: at }))
  assert.equal(limit.value, 1)
})

test('all who shared one crowd cost one cut', () => {
  const limit = new Limit('auto', 16)
  limit.learn('overloaded', full(limit, { startedAt: 0, now: 100 }))
  const afterOne = limit.value
  for (let at = 0; at < 15; at += 1) limit.learn('overloaded', full(limit, { startedAt: at, now: 101 + at }))
  assert.equal(limit.value, afterOne)
  limit.learn('overloaded', full(limit, { startedAt: 120, now: 130 }))
  assert.ok(limit.value < afterOne)
})

test('one answer that came late does not cut it, many do', () => {
  const limit = new Limit('auto', 8)
  limit.learn('served', full(limit, { lined: 8 }))
  assert.equal(limit.value, 8)
  for (let at = 0; at < 5; at += 1) limit.learn('served', full(limit, { lined: 6 }))
  assert.ok(limit.value <= 5, `it is ${limit.value}`)
})

test('a crash and a caller who hung up say nothing about how many fit', () => {
  const limit = new Limit('auto', 8)
  for (let at = 0; at < 50; at += 1) {
    limit.learn('broke', full(limit, { lined: 8 }))
    limit.learn('ignored', full(limit, { lined: 8 }))
  }
  assert.equal(limit.value, 8)
})
