import assert from 'node:assert/strict'
import { test } from 'node:test'
import { armOf } from '../../bench/virtual/arms/index.ts'
import { capacityOf } from '../../bench/virtual/capacity.ts'
import { drive } from '../../bench/virtual/drive.ts'
import { measure, type Measures } from '../../bench/virtual/measures.ts'
import type { Scenario } from '../../bench/virtual/scenario.ts'
import { overload } from '../../bench/virtual/scenarios/overload.ts'
import { serials } from '../../bench/virtual/scenarios/serial.ts'
import { surges } from '../../bench/virtual/scenarios/surge.ts'
import { switchings } from '../../bench/virtual/scenarios/switching.ts'

const minute = 60_000
const named = (all: readonly Scenario[], name: string): Scenario => all.find((one) => one.name === name)!

async function played(scenario: Scenario, minutes: number, ...arms: string[]): Promise<Measures[]> {
  const short = { ...scenario, lengthMs: minutes * minute }
  const capacity = await capacityOf(short)
  const all: Measures[] = []
  for (const arm of arms) all.push(measure(await drive(short, armOf(arm), 1), capacity))
  return all
}

test('far beyond what a server can do, a limit of 6 does well, one of 12 badly, and none nothing at all', async () => {
  const [six, twelve, none] = await played(named(surges, 'surge-3'), 4, 'nginx-conn:6', 'nginx-conn:12', 'direct')
  assert.ok(six!.onTimeWork > 0.85, `${six!.onTimeWork}`)
  assert.ok(twelve!.onTimeWork < 0.7 && twelve!.onTimeWork > 0.4, `${twelve!.onTimeWork}`)
  assert.ok(none!.onTimeWork < 0.05, `${none!.onTimeWork}`)
})

test('who finds the queue full is served by the cloud, and paid for by the token', async () => {
  const [capped] = await played(overload, 12, 'cap:6')
  const { outRequests, usdPerThousand, refused, broken } = capped!
  assert.deepEqual([refused, broken], [0, 0])
  assert.ok(outRequests > 0.08 && outRequests < 0.2, `${outRequests}`)
  assert.ok(Math.abs(usdPerThousand / outRequests - 0.01) < 0.001, `${usdPerThousand}`)
})

test('the best that can be done keeps all answers in time, and sends away no more than two places in line do', async () => {
  const [best, two] = await played(named(serials, 'serial-1-8s'), 60, 'optimum:8020:4010', 'cap:2')
  assert.equal(best!.inTime, 1)
  assert.ok(best!.outRequests <= two!.outRequests + 0.01)
})

test('in turn over servers that hold one model each, a fifth of a second goes into loading for each request', async () => {
  const [direct] = await played(named(switchings, 'switching'), 20, 'direct')
  assert.ok(direct!.loadingMs > 180 && direct!.loadingMs < 240, `${direct!.loadingMs}`)
})

test('the same seed is the same history, with the gateway as without', async () => {
  for (const arm of ['spillway', 'timeout:1500'])
    assert.deepEqual(await played(overload, 6, arm), await played(overload, 6, arm), arm)
})
