import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Agenda, type Entry } from './agenda.ts'
import { SimWorld } from './world.ts'

test('the agenda gives what is soonest, and at one instant what was put down first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (instants) => {
      const agenda = new Agenda<Entry>()
      const taken: [number, number][] = []
      instants.forEach((at) => agenda.add(at, { at: 0, order: 0, off: false }))
      for (let entry = agenda.take(); entry !== undefined; entry = agenda.take()) taken.push([entry.at, entry.order])
      assert.deepEqual(
        taken,
        instants.map((at, order) => [at, order] as [number, number]).toSorted((a, b) => a[0] - b[0] || a[1] - b[1]),
      )
    }),
  )
})

test('time passes only while everybody waits, and then to the very next instant', async () => {
  const world = new SimWorld(1)
  const seen: string[] = []
  const walk = async (name: string, ms: number): Promise<void> => {
    await world.sleep(ms)
    seen.push(`${name} ${world.now()}`)
    for (let step = 0; step < 50; step += 1) await Promise.resolve()
    await new Promise(setImmediate)
    seen.push(`${name} ${world.now()}`)
  }
  await world.run(Promise.all([walk('late', 20), walk('soon', 10), walk('also soon', 10)]))
  assert.deepEqual(seen, ['soon 10', 'also soon 10', 'soon 10', 'also soon 10', 'late 20', 'late 20'])
})

test('a sleep that is aborted ends at once and leaves nothing behind', async () => {
  const world = new SimWorld(1)
  const gone = new AbortController()
  const sleep = world.sleep(1_000, gone.signal)
  await world.run(world.sleep(5).then(() => gone.abort()))
  await world.run(sleep)
  assert.equal(world.now(), 5)
})

test('who only looks now and then whether there is something to do wakes at the first look at which there is', async () => {
  const world = new SimWorld(1)
  const looks: number[] = []
  const nothingYet = (): boolean => {
    looks.push(world.now())
    return world.now() < 700
  }
  const others = [500, 750].map(async (ms) => {
    await world.sleep(ms)
    return world.now()
  })
  await world.run(world.sleep(250, undefined, nothingYet))
  assert.equal(world.now(), 750)
  assert.deepEqual(looks, [250, 500, 750])
  assert.deepEqual(await Promise.all(others), [500, 750])
})

test('who sleeps on from look to look is woken by his signal all the same', async () => {
  const world = new SimWorld(1)
  const gone = new AbortController()
  const sleep = world.sleep(100, gone.signal, () => true)
  await world.run(world.sleep(250).then(() => gone.abort()))
  await world.run(sleep)
  assert.equal(world.now(), 250)
  assert.equal(world.idle, true)
})

test('who waits for what can never come is told so, instead of waiting for ever', async () => {
  const world = new SimWorld(1)
  await assert.rejects(world.run(new Promise(() => {})), /somebody still waits/)
  await assert.rejects(world.run(world.sleep(2_000), 1_000), /By 1000 ms/)
})

test('each purpose has a chance of its own, the same in every world of that seed', () => {
  const draws = (seed: number, purpose: string): number[] => {
    const chance = new SimWorld(seed).chance(purpose)
    return Array.from({ length: 5 }, () => chance())
  }
  assert.deepEqual(draws(7, 'arrivals'), draws(7, 'arrivals'))
  assert.notDeepEqual(draws(7, 'arrivals'), draws(7, 'faults'))
  assert.notDeepEqual(draws(7, 'arrivals'), draws(8, 'arrivals'))
})
