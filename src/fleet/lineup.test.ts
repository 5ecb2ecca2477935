import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crowding } from './crowd.test-helper.ts'
import { Lineup } from './lineup.ts'

/** A server that reads a prompt in a tenth of a second, which is known, and from which one has ended at each of these moments. */
function known(...endedAt: readonly number[]): Lineup {
  const lineup = new Lineup()
  for (const now of [-20_000, -15_000, -10_000, ...endedAt]) lineup.left('served', crowding({ now }))
  return lineup
}

test('as many as ended between its coming and its being begun were before it', () => {
  const at = (firstTokenMs: number): number | undefined =>
    known(1_000, 2_000, 3_000).spoke(crowding({ startedAt: 500 }), 500 + firstTokenMs)
  assert.deepEqual([at(100), at(600), at(1_600), at(2_600)], [0, 1, 2, 3])
})

test('who ended while its prompt was read was not before it', () => {
  assert.equal(known(1_000, 1_060).spoke(crowding({ startedAt: 1_000 }), 1_100), 0)
})

test('however late its first token is, where nobody has ended nobody was before it', () => {
  assert.equal(known(1_000).spoke(crowding({ startedAt: 1_000 }), 61_000), 0)
})

test('those who come together are read one after the other, which is no line', () => {
  const lineup = known()
  const told = [1, 2, 3].map(() => lineup.begun(200, 0))
  assert.deepEqual(told.map(Math.round), [1, 2, 3])
  for (const now of [150, 250]) lineup.left('served', crowding({ now, outputTokens: 1 }))
  const third = { startedAt: 0 }
  assert.equal(lineup.spoke(crowding({ ...third, toRead: told[2]! }), 300), 0)
  assert.equal(known(150, 250).spoke(crowding({ ...third, toRead: 1 }), 300), 2)
})

test('one that gave no answer says nothing, and was in the line no longer', () => {
  const ask = { startedAt: 500, firstTokenMs: undefined, now: 9_000 }
  const lineup = known()
  for (const now of [1_000, 2_000]) lineup.left('ignored', crowding({ firstTokenMs: undefined, now }))
  assert.equal(lineup.left('broke', crowding(ask)), undefined)
  assert.equal(lineup.spoke(crowding(ask), 3_500), 0)
})

test('an answer in one piece waited as long as its words do not account for', () => {
  const lineup = new Lineup()
  const whole = (outputTokens: number, waitedMs: number, now: number): number | undefined => {
    const totalMs = 100 + outputTokens * 20 + waitedMs
    return lineup.left('served', crowding({ outputTokens, firstTokenMs: undefined, totalMs, inFlight: 1, now }))
  }
  for (let at = 0; at < 20; at += 1) whole(20 + (at % 5) * 20, 0, at * 3_000)
  for (const now of [101_000, 101_500, 102_000, 102_500]) whole(20, 0, now)
  assert.equal(whole(40, 0, 103_000), 0)
  // It came at 100 s and was begun before 103 s.
  assert.equal(whole(40, 3_000, 103_900), 4)
})
