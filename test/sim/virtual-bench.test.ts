import assert from 'node:assert/strict'
import { test } from 'node:test'
import { armOf } from '../../bench/virtual/arms/index.ts'
import { drive } from '../../bench/virtual/drive.ts'
import { measure, type Measures } from '../../bench/virtual/measures.ts'
import type { Scenario } from '../../bench/virtual/scenario.ts'
import { overload } from '../../bench/virtual/scenarios/overload.ts'
import { serials } from '../../bench/virtual/scenarios/serial.ts'
import { surges } from '../../bench/virtual/scenarios/surge.ts'
import { switchings } from '../../bench/virtual/scenarios/switching.ts'

const minute = 60_000
const named = (all: readonly Scenario[], name: string): Scenario => all.find((one) => one.name === name)!

/** From half a minute on. What the servers get done at most is taken for what they are said to. */
async function played(scenario: Scenario, minutes: number, arm: string): Promise<Measures> {
  const short = { ...scenario, countedFromMs: minute / 2, lengthMs: minutes * minute }
  return measure(await drive(short, armOf(arm), 1), 1)
}

test('far beyond what a server can do, a limit of 6 does well, one of 12 badly, and none nothing at all', async () => {
  const surge = named(surges, 'surge-3')
  const onTimeWork = async (arm: string): Promise<number> => (await played(surge, 2, arm)).onTimeWork
  const [six, twelve, none] = [
    await onTimeWork('nginx-conn:6'),
    await onTimeWork('nginx-conn:12'),
    await onTimeWork('direct'),
  ]
  assert.ok(six > 0.85, `${six}`)
  assert.ok(twelve < 0.7 && twelve > 0.35, `${twelve}`)
  assert.ok(none < 0.05, `${none}`)
})

test('who finds the queue full is served by the cloud, and paid for by the token', async () => {
  const { outRequests, usdPerThousand, refused, broken } = await played(overload, 8, 'cap:6')
  assert.deepEqual([refused, broken], [0, 0])
  assert.ok(outRequests > 0.08 && outRequests < 0.2, `${outRequests}`)
  assert.ok(Math.abs(usdPerThousand / outRequests - 0.01) < 0.001, `${usdPerThousand}`)
})

test('the best that can be done keeps all answers in time, and sends away no more than two places in line do', async () => {
  const serial = named(serials, 'serial-1-8s')
  const [best, two] = [await played(serial, 10, 'optimum:8020:4010'), await played(serial, 10, 'cap:2')]
  assert.equal(best.inTime, 1)
  assert.ok(best.outRequests <= two.outRequests + 0.02)
})

test('in turn over servers that hold one model each, a fifth of a second goes into loading for each request', async () => {
  const { loadingMs } = await played(named(switchings, 'switching'), 15, 'direct')
  assert.ok(loadingMs > 180 && loadingMs < 240, `${loadingMs}`)
})

test('the same seed is the same history, with the gateway as without', async () => {
  for (const arm of ['spillway', 'timeout:1500'])
    assert.deepEqual(await played(overload, 3, arm), await played(overload, 3, arm), arm)
})
