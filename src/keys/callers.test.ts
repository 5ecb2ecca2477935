import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Caller } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { Holder, Keyring } from '../core/keyring.ts'
import type { CallerSettings } from '../core/settings.ts'
import { Callers, placed } from './callers.ts'

const called = (id: string): Caller => ({
  id,
  weight: 1,
  priority: 'default',
  models: undefined,
  cloud: 'allowed',
})

const configured = (id: string, key: string, more: Partial<CallerSettings> = {}): CallerSettings => ({
  caller: called(id),
  key,
  patienceMs: undefined,
  ...more,
})

const clockAt = (ms: number): { epochMs: () => number } => ({ epochMs: () => ms })

/** Keys that were made, by the whole key. */
const ringOf = (keys: Readonly<Record<string, Holder>>, isUsed = true): Keyring => ({
  isUsed,
  find: (credential) => keys[credential],
  holds: () => true,
  named: (name) => Object.values(keys).find(({ caller }) => caller.id === name),
})

const made = (id: string, more: Partial<CallerSettings> = {}): Holder =>
  placed({ caller: called(id), patienceMs: undefined, ...more })

/** What a caller with this key is told. */
function refusalOf(callers: Callers, key: string | undefined, address?: string): Fault {
  try {
    callers.identify(key, address)
  } catch (error) {
    assert.ok(error instanceof Fault)
    return error
  }
  return assert.fail(`${key} was let in`)
}

suite('Who asks', () => {
  test('is anonymous without any keys, whatever is sent along; with them a key is needed and says who it is', () => {
    const open = new Callers({ callers: [] }, { clock: clockAt(0), keyring: ringOf({}, false) })
    assert.equal(open.identify(undefined).id, 'anonymous')
    assert.equal(open.identify('whatever').id, 'anonymous')
    const callers = new Callers(
      { callers: [configured('chat-ui', 'clé à moi', { patienceMs: 250 })] },
      { clock: clockAt(0) },
    )
    assert.equal(callers.identify('clé à moi').id, 'chat-ui')
    assert.equal(callers.wishes(called('chat-ui'))?.patienceMs, 250)
    for (const wrong of [undefined, '', 'clé', 'CLÉ À MOI', 'clé à moi '])
      assert.equal(refusalOf(callers, wrong).status, 401)
  })

  test('is known by a key of either kind, and by its name', () => {
    const callers = new Callers(
      { callers: [configured('chat-ui', 'k')] },
      { clock: clockAt(0), keyring: ringOf({ m: made('agents', { patienceMs: 70 }) }) },
    )
    assert.deepEqual([callers.identify('k').id, callers.identify('m').id], ['chat-ui', 'agents'])
    assert.deepEqual([callers.named('agents')?.id, callers.named('nobody')], ['agents', undefined])
    assert.equal(callers.wishes(called('agents'))?.patienceMs, 70)
  })

  test('is not asked where no key was ever made, and from the first one on always', () => {
    const ring = { ...ringOf({}), isUsed: false }
    const callers = new Callers({ callers: [] }, { clock: clockAt(0), keyring: ring })
    assert.deepEqual([callers.isOpen, callers.takesKeyless], [true, true])
    ring.isUsed = true
    assert.deepEqual([callers.isOpen, callers.takesKeyless], [false, false])
    assert.equal(refusalOf(callers, undefined).status, 401)
  })

  test('may be anonymous beside keys where that is allowed, and a wrong key is wrong even there', () => {
    const anonymous: Caller = { ...called('anonymous'), cloud: 'never', priority: 'batch' }
    const callers = new Callers({ callers: [configured('chat-ui', 'k')], anonymous }, { clock: clockAt(0) })
    assert.equal(callers.identify(undefined, '10.0.0.1'), anonymous)
    assert.deepEqual([callers.isOpen, callers.takesKeyless], [false, true])
    assert.equal(refusalOf(callers, 'wrong').status, 401)
  })

  test('is held to what the anonymous may do also where nobody has a key', () => {
    const anonymous: Caller = { ...called('anonymous'), cloud: 'never', models: new Set(['small']) }
    const callers = new Callers({ callers: [], anonymous }, { clock: clockAt(0) })
    assert.equal(callers.identify('any'), anonymous)
  })

  test('is counted by its network where the anonymous have limits', () => {
    const callers = new Callers({ callers: [], anonymousLimits: { concurrent: 1 } }, { clock: clockAt(0) })
    assert.equal(callers.identify(undefined, '2001:db8::7').address, '2001:db8:0:0::/64')
    assert.equal(callers.identify(undefined, '10.0.0.1').address, '10.0.0.1')
  })
})

suite('A key that does not count', () => {
  const office = [{ address: '10.1.0.0', bits: 16 }]
  const held = { expired: { expiresAt: 1_000 }, gone: { expiresAt: -Infinity }, away: { addresses: office } }
  const keyring = ringOf(
    Object.fromEntries(Object.entries(held).map(([key, more]) => [`made-${key}`, made(key, more)])),
  )
  const callers = new Callers(
    { callers: Object.entries(held).map(([key, more]) => configured(key, key, more)) },
    { keyring, clock: clockAt(1_000) },
  )

  test('is told the same whatever is wrong with it', () => {
    const wrong = ['unknown', ...Object.keys(held).flatMap((key) => [key, `made-${key}`])]
    const told = wrong.map((key) => refusalOf(callers, key, '192.0.2.1'))
    for (const { status, code, message } of told)
      assert.deepEqual([status, code, message], [401, 'invalid_api_key', 'This key is not known here.'])
  })

  test('counts until the moment at which it expires', () => {
    const before = new Callers({ callers: [configured('c', 'k', { expiresAt: 1_000 })] }, { clock: clockAt(999) })
    assert.equal(before.identify('k').id, 'c')
  })

  test('counts from its own networks and from nowhere that is not known', () => {
    for (const key of ['away', 'made-away']) {
      assert.equal(callers.identify(key, '10.1.255.255').id, 'away')
      for (const address of ['10.2.0.0', '::1', '::ffff:10.2.0.1', undefined])
        assert.equal(refusalOf(callers, key, address).status, 401, String(address))
    }
  })
})
