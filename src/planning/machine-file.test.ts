import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConfigFault } from '../config/problem.ts'
import { machineFileOf, machinesIn } from './machine-file.ts'

const time = fc.double({ min: 0, max: 100_000, noNaN: true }).map((value) => Number(value.toPrecision(4)))
const count = fc.integer({ min: 1, max: 100_000 })

const steps = fc
  .uniqueArray(count, { minLength: 1, maxLength: 5 })
  .chain((running) =>
    fc.tuple(...running.toSorted((one, other) => one - other).map((each) => fc.tuple(fc.constant(each), time))),
  )

const machine = fc.record(
  {
    networkMs: time,
    networkSpread: time,
    engine: fc.record(
      {
        slots: count,
        prefillTokensPerSecond: count,
        prefillMs: time,
        prefillStalls: fc.boolean(),
        stepMs: steps,
        loadMs: time,
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
  },
  { requiredKeys: ['engine'], noNullPrototype: true },
)

const machines = fc.dictionary(fc.stringMatching(/^[a-z][\w. -]{0,20}$/), machine, { noNullPrototype: true })

test('machines that are written down are read again as they were', () => {
  fc.assert(
    fc.property(machines, (written) => {
      const all = new Map(Object.entries(written))
      assert.deepEqual(machinesIn(machineFileOf(all, ['Some remark.']), 'm.yaml'), all)
    }),
  )
})

const faultOf = (text: string): string => {
  try {
    machinesIn(text, 'm.yaml')
  } catch (error) {
    assert.ok(error instanceof ConfigFault)
    return error.message
  }
  return ''
}

const faulty = [
  ['upstreams:\n  box: { slots: none }\n', /^m\.yaml:2:17 upstreams\.box\.slots: is a whole number/],
  ['upstreams:\n  box: { slot: 4 }\n', /^m\.yaml:2:10 upstreams\.box\.slot: is not known here; known are slots, /],
  ['upstreams:\n  box: { step_ms: [[4, 10], [2, 5]] }\n', /^m\.yaml:2:19 upstreams\.box\.step_ms: is a list of pairs/],
  ['upstreams:\n  box: fast\n', /^m\.yaml:2:8 upstreams\.box: is a group of figures: slots, /],
  ['upstreams:\n  box: { network_ms: -1 }\n', /is a number, 0 or more/],
  ['machines: {}\n', /begins with `upstreams:`/],
  ['upstreams: [\n', /^m\.yaml:\d+:\d+ /],
  ['', /begins with `upstreams:`/],
] as const

for (const [text, message] of faulty) {
  test(`what is wrong with ${JSON.stringify(text)} is said, and where`, () => assert.match(faultOf(text), message))
}
