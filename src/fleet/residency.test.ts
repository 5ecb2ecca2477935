import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type MemoryTraits, Residency, type Wish } from './residency.ts'
import { Tenant } from './tenant.ts'

const loadMs = 2_000
const holdMs = 500

/** A server's memory with these models, all of which it tells of and none of which is there. */
class Shelf {
  now = 1_000_000
  readonly residency: Residency
  readonly busy = new Map<string, number>()
  readonly tenants = new Map<string, Tenant>()

  constructor(names: string, traits: Partial<MemoryTraits> = {}) {
    this.residency = new Residency({ unloads: true, swaps: true, modelsMax: undefined, ...traits }, () => this.now)
    for (const name of names) {
      const inFlight = (): number => this.busy.get(name) ?? 0
      const lodger = {
        get inFlight() {
          return inFlight()
        },
        pace: { loadMs, holdMs },
        forgetPrompts: () => {},
      }
      const tenant = new Tenant(lodger)
      this.tenants.set(name, tenant)
      this.residency.admit(tenant, name)
      tenant.loaded = false
    }
  }

  of(name: string): Tenant {
    return this.tenants.get(name)!
  }

  /** It comes in, and has been there for long. */
  has(...names: readonly string[]): void {
    for (const name of names) {
      this.of(name).loaded = true
      this.of(name).since = 0
    }
    this.residency.looked()
  }

  /** Asked for once a second for two minutes. */
  popular(name: string): void {
    for (let second = 120; second > 0; second -= 1) this.of(name).asked.note(this.now - second * 1_000)
  }

  opensInMs(name: string, wish: Partial<Wish> = {}): number {
    const { now } = this
    return this.residency.opensInMs(this.of(name), {
      now,
      since: now,
      waiting: 1,
      deadline: now + 60_000,
      readyMs: loadMs + 100,
      ...wish,
    })
  }

  /** A load from beginning to end, of which a look then shows what is left. */
  load(name: string, leaves: readonly string[] = []): void {
    const others = Array.from(this.residency.present)
    this.residency.begin(this.of(name))
    this.now += loadMs
    this.of(name).loaded = true
    this.residency.settle(this.of(name))
    for (const other of others) other.loaded = !leaves.includes(other.model)
    this.residency.looked()
  }
}

test('a model that is there, or that finds nothing there, may be begun at once', () => {
  const shelf = new Shelf('ab')
  assert.equal(shelf.opensInMs('a'), 0)
  shelf.has('a')
  assert.equal(shelf.opensInMs('a'), 0)
})

test('a server that does not tell what it has in memory is asked for anything', () => {
  const shelf = new Shelf('ab')
  shelf.has('a')
  shelf.busy.set('a', 3)
  shelf.of('b').loaded = undefined
  assert.equal(shelf.opensInMs('b'), 0)
})

test('a busy model keeps another out, until it was seen that both fit', () => {
  const shelf = new Shelf('ab')
  shelf.has('a')
  shelf.busy.set('a', 1)
  assert.ok(shelf.opensInMs('b') >= holdMs)
  shelf.busy.set('a', 0)
  assert.equal(shelf.opensInMs('b'), 0)
  shelf.load('b')
  shelf.of('b').loaded = false
  shelf.busy.set('a', 1)
  assert.equal(shelf.opensInMs('b'), 0)
  assert.equal(shelf.residency.evictionMs(shelf.of('b'), shelf.now), 0)
})

test('what fitted once and was thrown out all the same is not taken to fit again', () => {
  const shelf = new Shelf('ab')
  shelf.has('a', 'b')
  shelf.of('b').loaded = false
  shelf.residency.looked()
  shelf.load('b', ['a'])
  shelf.of('b').loaded = false
  shelf.has('a')
  shelf.busy.set('a', 1)
  assert.ok(shelf.opensInMs('b') > 0)
})

test('as many fit as the server says, or as the configuration does', () => {
  const shelf = new Shelf('abc', { modelsMax: 2 })
  shelf.has('a')
  shelf.busy.set('a', 1)
  assert.equal(shelf.opensInMs('b'), 0)
  shelf.has('b')
  shelf.busy.set('b', 1)
  assert.ok(shelf.opensInMs('c') > 0)
  shelf.busy.set('b', 0)
  assert.equal(shelf.opensInMs('c'), 0, 'the idle one can be told to go')
  shelf.residency.begin(shelf.of('c'))
  assert.deepEqual(
    shelf.residency.leaversByHand(shelf.of('c')).map(({ model }) => model),
    ['b'],
  )
})

test('a model that is to stay is thrown out for nobody, and what does not surely fit beside it is shut out', () => {
  const shelf = new Shelf('abc')
  shelf.has('a')
  shelf.of('a').isPinned = true
  assert.equal(shelf.opensInMs('b'), Infinity)
  assert.equal(shelf.residency.isShut(shelf.of('b')), true)
  shelf.has('c')
  assert.equal(shelf.residency.isShut(shelf.of('a')), false)
  shelf.of('c').loaded = false
  assert.equal(shelf.opensInMs('c'), 0, 'they were there together')
})

test('models that are all to be there are taken to fit, until it is seen that they do not', () => {
  const shelf = new Shelf('ab')
  for (const name of 'ab') shelf.of(name).isPinned = true
  shelf.residency.expectTogether([shelf.of('a'), shelf.of('b')])
  shelf.has('a')
  assert.equal(shelf.opensInMs('b'), 0)
  shelf.load('b', ['a'])
  assert.equal(shelf.residency.isShut(shelf.of('a')), true)
})

test('a model that was loaded stays for twice the time of a load, if it is wanted', () => {
  const shelf = new Shelf('ab')
  shelf.load('a')
  shelf.popular('a')
  shelf.popular('b')
  assert.ok(shelf.opensInMs('b', { since: 0 }) > 1.9 * loadMs)
  assert.equal(shelf.opensInMs('b', { since: 0, deadline: 0 }), 2 * loadMs, 'however little patience is left')
  shelf.now += 2 * loadMs
  assert.equal(shelf.opensInMs('b', { since: 0 }), 0)
})

test('a model that nobody wants goes at once for one who would be late, and for one who wants it by far more', () => {
  const shelf = new Shelf('ab')
  shelf.load('a')
  assert.equal(shelf.opensInMs('b', { deadline: shelf.now + 1_000 }), 0)
  shelf.popular('b')
  assert.equal(shelf.opensInMs('b'), 0)
})

test('who can wait leaves a wanted model to others for a while, and comes in time', () => {
  const shelf = new Shelf('ab')
  shelf.has('a')
  shelf.popular('a')
  assert.equal(shelf.opensInMs('b'), 15_000, 'a quarter of its patience')
  assert.equal(shelf.opensInMs('b', { deadline: shelf.now + 12_000 }), 2 * loadMs)
  const deadline = shelf.now + 5_000
  const opensInMs = shelf.opensInMs('b', { deadline })
  assert.ok(opensInMs > 0 && opensInMs + loadMs + 100 < 5_000, `${opensInMs}`)
})

test('who cannot be in time does not wait, unless for a model that many ask for', () => {
  const shelf = new Shelf('ab')
  shelf.has('a')
  for (const agoMs of [100_000, 70_000, 40_000, 10_000]) shelf.of('a').asked.note(shelf.now - agoMs)
  const deadline = shelf.now + 1_000
  assert.equal(shelf.opensInMs('b', { deadline }), 0)
  shelf.popular('a')
  assert.ok(shelf.opensInMs('b', { deadline }) > 400)
})

test('to throw out a model that many ask for costs more than one that few do', () => {
  const shelf = new Shelf('abc')
  shelf.popular('a')
  shelf.of('b').asked.note(shelf.now - 90_000)
  shelf.of('b').asked.note(shelf.now - 30_000)
  shelf.has('a')
  const hot = shelf.residency.evictionMs(shelf.of('c'), shelf.now)
  shelf.of('a').copies = 2
  const oneOfTwo = shelf.residency.evictionMs(shelf.of('c'), shelf.now)
  shelf.of('a').loaded = false
  shelf.has('b')
  const cold = shelf.residency.evictionMs(shelf.of('c'), shelf.now)
  assert.ok(hot > 1.5 * oneOfTwo && oneOfTwo > 2 * cold && cold > 0, `${hot} ${oneOfTwo} ${cold}`)
})

test('while a server turns, those that have to go take nobody more, and those that need not do', () => {
  const shelf = new Shelf('abc')
  shelf.has('a', 'c')
  shelf.has('b')
  shelf.of('b').loaded = false
  shelf.residency.turnTo(shelf.of('b'))
  assert.equal(shelf.opensInMs('a'), 0, 'all three were there together')

  const small = new Shelf('abc')
  small.has('a')
  small.busy.set('a', 2)
  small.residency.turnTo(small.of('b'))
  assert.equal(small.residency.turningTo, small.of('b'))
  assert.ok(small.opensInMs('a') > 0)
  assert.ok(small.opensInMs('c') > 0)
  assert.ok(small.opensInMs('b') > 0)
  small.busy.set('a', 0)
  assert.equal(small.opensInMs('b'), 0)
  assert.equal(small.residency.turnBack(small.of('b')), true)
  assert.equal(small.opensInMs('a'), 0)
})

test('one model comes at a time, and what it may have thrown out is looked for before it is asked again', () => {
  const shelf = new Shelf('abc')
  shelf.has('a')
  shelf.residency.begin(shelf.of('b'))
  assert.equal(shelf.opensInMs('b'), 0, 'others may join the one who asked')
  assert.ok(shelf.opensInMs('c') > 0)
  assert.ok(shelf.opensInMs('a') > 0)
  shelf.of('a').loaded = true
  assert.ok(shelf.opensInMs('a') > 0, 'it was there when somebody looked, but may be gone by the end of the load')
  shelf.of('b').loaded = true
  shelf.residency.settle(shelf.of('b'))
  assert.equal(shelf.of('a').loaded, false)
  shelf.of('a').loaded = true
  shelf.residency.looked()
  assert.equal(shelf.of('a').since, 0, 'it has been there all the time')
  assert.equal(shelf.opensInMs('a'), 0)
})

test('a model that is missed often comes in by itself where little is lost by it, and one that is missed seldom does not', () => {
  const shelf = new Shelf('abc')
  assert.equal(shelf.residency.deservesLoad(shelf.of('a'), shelf.now), true, 'nothing has to go')
  shelf.has('a')
  for (const name of 'ab') shelf.popular(name)
  for (let second = 60; second > 0; second -= 1) shelf.of('b').missed.note(shelf.now - second * 1_000)
  assert.equal(shelf.residency.deservesLoad(shelf.of('b'), shelf.now), false)
  shelf.of('a').loaded = false
  shelf.has('c')
  assert.equal(shelf.residency.deservesLoad(shelf.of('b'), shelf.now), true)
  shelf.busy.set('c', 1)
  assert.equal(shelf.residency.deservesLoad(shelf.of('b'), shelf.now), false)
})

test('whatever comes, no load is begun that may throw out a model that is busy or is to stay, and never two at once', () => {
  const names = ['a', 'b', 'c', 'd']
  const step = fc.record({
    afterMs: fc.integer({ min: 0, max: 3_000 }),
    model: fc.constantFrom(...names),
    does: fc.constantFrom<'ask' | 'end' | 'land' | 'turn' | 'look' | 'expire'>(
      'ask',
      'end',
      'land',
      'turn',
      'look',
      'expire',
    ),
    patienceMs: fc.constantFrom(0, 2_000, 30_000),
  })
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120, size: 'max' }),
      fc.subarray(names, { maxLength: 1 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 3 }),
      fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
      (steps, pinned, unloads, fits, told) => {
        const shelf = new Shelf(names.join(''), {
          unloads,
          modelsMax: told === undefined ? undefined : Math.min(told, fits),
        })
        const { residency } = shelf
        for (const name of pinned) shelf.of(name).isPinned = true
        /** What is really there: so many fit, and the server throws out whatever it likes. */
        const there: string[] = []
        for (const { afterMs, model, does, patienceMs } of steps) {
          shelf.now += afterMs
          const tenant = shelf.of(model)
          const { now } = shelf
          if (does === 'ask') {
            tenant.asked.note(now)
            if (shelf.opensInMs(model, { since: now - 100, deadline: now + patienceMs }) > 0) continue
            const wasComing = residency.coming
            if (tenant.loaded === false) {
              residency.begin(tenant)
              assert.ok(wasComing === undefined || wasComing === tenant, 'one at a time')
              if (wasComing === undefined) {
                for (const { model: leaver } of residency.leaversByHand(tenant)) take(there, leaver)
                while (!there.includes(model) && there.length >= fits) {
                  const thrownOut = there.shift()!
                  assert.equal(shelf.busy.get(thrownOut) ?? 0, 0, `${thrownOut} was busy`)
                  assert.equal(pinned.includes(thrownOut), false, `${thrownOut} was to stay`)
                }
                if (!there.includes(model)) there.push(model)
              }
            } else assert.ok(there.includes(model), `${model} is not there at all`)
            shelf.busy.set(model, (shelf.busy.get(model) ?? 0) + 1)
          } else if (does === 'end') shelf.busy.set(model, Math.max(0, (shelf.busy.get(model) ?? 0) - 1))
          else if (does === 'turn') residency.turnTo(tenant)
          else if (does === 'land' && residency.coming !== undefined) {
            const { coming } = residency
            coming.loaded = true
            residency.settle(coming)
            look()
          } else if (does === 'expire' && (shelf.busy.get(model) ?? 0) === 0 && residency.coming === undefined) {
            take(there, model)
            look()
          } else if (does === 'look' && residency.coming === undefined) look()
        }
        function look(): void {
          for (const [name, tenant] of shelf.tenants) tenant.loaded = there.includes(name)
          residency.looked()
        }
      },
    ),
    { numRuns: 300 },
  )
})

function take(list: string[], item: string): void {
  const at = list.indexOf(item)
  if (at !== -1) list.splice(at, 1)
}
