import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Ask } from '../core/ask.ts'
import { Fault, type FaultKind } from '../core/fault.ts'
import { noPressure } from '../core/pressure.ts'
import type { Reply } from '../core/reply.ts'
import { relief } from './relief.ts'

const isSparing = { ...noPressure, isSparing: true }

interface Tried {
  readonly ask: Pick<Ask, 'priority' | 'cloud'>
  readonly pressure?: typeof noPressure
  readonly isHome?: boolean
  readonly random?: number
  readonly fault?: Fault
}

/** What came through, or the fault that its caller heard. */
async function tried({ ask, pressure = noPressure, isHome = true, random = 0.5, fault }: Tried): Promise<Ask | Fault> {
  let seen: Ask | undefined
  const layer = relief({ world: { random: () => random }, pressure, isServedAtHome: () => isHome })
  const serve = layer((passed) => {
    seen = passed
    return fault === undefined ? Promise.resolve({} as Reply) : Promise.reject(fault)
  })
  try {
    await serve(ask as Ask)
    return seen!
  } catch (error) {
    return error as Fault
  }
}

suite('Relief', () => {
  test('changes nothing while there is enough of everything', async () => {
    for (const priority of ['interactive', 'default', 'batch'] as const) {
      const ask = { priority, cloud: 'allowed' } as const
      assert.equal(await tried({ ask }), ask)
    }
  })

  test('refuses what can wait, and nothing else', async () => {
    const heard = await tried({ ask: { priority: 'batch', cloud: 'never' }, pressure: isSparing })
    assert.ok(heard instanceof Fault)
    assert.deepEqual([heard.kind, heard.status, heard.comeBackMs], ['overloaded', 503, 10_000])
    const other = { priority: 'default', cloud: 'never' } as const
    assert.equal(await tried({ ask: other, pressure: isSparing }), other)
  })

  test('keeps at home what can be served there, and lets go what cannot', async () => {
    const ask = { priority: 'interactive', cloud: 'allowed' } as const
    const clouds = [true, false].map((isHome) => tried({ ask, pressure: isSparing, isHome }))
    assert.deepEqual(await Promise.all(clouds), [{ ...ask, cloud: 'never' }, ask])
  })

  test('spreads the times at which people come back, by a fifth to either side, and breaks no promise', async () => {
    const times: Partial<Record<FaultKind, readonly number[]>> = {
      'queue-full': [8_000, 12_000],
      'no-upstream': [8_000, 12_000],
      'upstream-busy': [8_000, 12_000],
      'shutting-down': [8_000, 12_000],
      'patience-spent': [10_000, 10_000],
      'rate-limited': [10_000, 10_000],
    }
    const ask = { priority: 'default', cloud: 'never' } as const
    for (const [kind, expected] of Object.entries(times)) {
      const fault = new Fault(kind as FaultKind, 'why', { retryAfterMs: 10_000, etaMs: 7 })
      const heard = await Promise.all([0, 1].map((random) => tried({ ask, random, fault })))
      assert.deepEqual(
        heard.map((one) => (one as Fault).comeBackMs),
        expected,
        kind,
      )
      assert.deepEqual([(heard[0] as Fault).etaMs, (heard[0] as Fault).message], [7, 'why'])
    }
  })
})
