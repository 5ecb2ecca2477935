import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Event } from '../core/event.ts'
import { PressureGauge, type Shares } from './pressure.ts'

function gaugeOf(): { gauge: PressureGauge; notices: string[]; at: (shares: Partial<Shares>) => number } {
  let shares: Shares = { memory: 0.2, heap: 0.1, loop: 0, files: undefined }
  const notices: string[] = []
  const emit = (event: Event): void => void (event.type === 'notice' && notices.push(`${event.level}: ${event.text}`))
  const gauge = new PressureGauge(() => shares, emit)
  return {
    gauge,
    notices,
    at: (some) => {
      shares = { memory: 0.2, heap: 0.1, loop: 0, files: undefined, ...some }
      gauge.look()
      return gauge.step
    },
  }
}

suite('Pressure', () => {
  test('gives things up in order, whichever signal is the worst', () => {
    for (const signal of ['memory', 'heap', 'loop', 'files'] as const) {
      const { gauge, at } = gaugeOf()
      const claims = (): boolean[] => [gauge.isSparing, gauge.isClosing, gauge.isRefusing, gauge.isShut]
      const told = [0.5, 0.85, 0.92, 0.95, 0.98].map((share) => (at({ [signal]: share }), claims()))
      assert.deepEqual(told, [
        [false, false, false, false],
        [true, false, false, false],
        [true, true, false, false],
        [true, true, true, false],
        [true, true, true, true],
      ])
    }
  })

  test('lets no more in between two looks than there is memory for, but always one', () => {
    let memory = 0.5
    const gauge = new PressureGauge(
      () => ({ memory, heap: 0, loop: 0, files: 0 }),
      () => {},
      1_000,
    )
    const letIn = (): number => {
      gauge.look()
      let taken = 0
      while (taken < 100 && gauge.takes(30)) taken += 1
      return taken
    }
    // A body of 30 bytes is taken to need 90.
    assert.equal(letIn(), 4)
    memory = 0.8
    assert.equal(letIn(), 1)
    memory = 0.94
    assert.equal(letIn(), 1)
  })

  test('does not come and go around a threshold', () => {
    const { at } = gaugeOf()
    assert.deepEqual(
      [0.94, 0.96, 0.94, 0.93, 0.91, 0.9, 0.88, 0.83, 0.81].map((memory) => at({ memory })),
      [2, 3, 3, 3, 2, 2, 1, 1, 0],
    )
  })

  test('is told when it begins, when it changes and when it is over, and not in between', () => {
    const { at, notices } = gaugeOf()
    for (const memory of [0.5, 0.86, 0.87, 0.955, 0.9, 0.9, 0.3, 0.3]) at({ memory })
    assert.equal(notices.length, 4)
    assert.match(notices[0]!, /^warn: Under pressure, 86 % of memory in use: batch work is refused[^;]*\.$/)
    assert.match(notices[1]!, /^warn: Under pressure, 96 % of memory in use: .*; new requests are refused\.$/)
    assert.match(notices[2]!, /^info: The pressure eases, 90 % of memory in use: .*connections are closed[^;]*\.$/)
    assert.match(notices[3]!, /^info: The pressure is over: 30 % of memory in use\.$/)
  })

  test('passes over everything at once when it comes all at once', () => {
    const { at, notices } = gaugeOf()
    assert.equal(at({ files: 0.99 }), 4)
    assert.equal(at({ files: 0.1 }), 0)
    assert.equal(notices.length, 2)
  })
})
