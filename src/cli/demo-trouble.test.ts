import assert from 'node:assert/strict'
import { test } from 'node:test'
import { realClock } from '../sim/sockets.ts'
import { llamacppLike, vllmLike } from '../sim/server-spec.ts'
import { SimServer } from '../sim/server.ts'
import { DemoTrouble, type Mishap, mishapLine } from './demo-trouble.ts'

test('now and then one server is in trouble and then well again, each in its turn and in either way, the same every time', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const history = (): readonly string[] => {
    const servers = [vllmLike({ name: 'gpu' }), llamacppLike({ name: 'desk' })].map(
      (of) => new SimServer(of, realClock()),
    )
    const told: Mishap[] = []
    const trouble = new DemoTrouble(servers, (mishap) => told.push(mishap))
    const downs = (): number => servers.filter(({ up }) => !up).length
    trouble.start()
    t.mock.timers.tick(14_999)
    assert.equal(told.length, 0)
    t.mock.timers.tick(1)
    for (let turn = 1; turn <= 20; turn += 1) {
      assert.equal(told.length, 2 * turn - 1)
      assert.equal(downs(), told.at(-1)!.kind === 'crash' ? 1 : 0)
      t.mock.timers.tick(10_000)
      assert.deepEqual([told.length, downs()], [2 * turn, 0])
      t.mock.timers.tick(30_000)
    }
    trouble.stop()
    assert.equal(downs(), 0)
    t.mock.timers.tick(100_000)
    assert.equal(told.length, 41)
    return told.map(({ server, kind }) => `${kind} of ${server}`)
  }
  const first = history()
  assert.deepEqual(new Set(first), new Set(['crash of gpu', 'crash of desk', 'hang of gpu', 'hang of desk']))
  assert.deepEqual(history(), first)
})

test('a mishap is a line that says what was done, when, and when it is over', () => {
  const mishap = { server: 'gpu', atMs: 20_000, overAtMs: 30_000 }
  assert.equal(
    mishapLine({ ...mishap, kind: 'crash' }, 26_000),
    'The demo crashed gpu 6 s ago, and starts it again in 4 s.',
  )
  assert.equal(
    mishapLine({ ...mishap, kind: 'hang' }, 36_000),
    'The demo made gpu hang 16 s ago, and let it go on 6 s ago.',
  )
})
