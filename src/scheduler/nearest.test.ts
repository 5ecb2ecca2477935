import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask } from '../core/ask.ts'
import { prefixOf } from '../fleet/prefix.test-helper.ts'
import { vllm } from '../backends/vllm.ts'
import { callerOf, rigOf, watched, type Rig } from './rig.test-helper.ts'

const servers = { one: { backend: vllm }, two: { backend: vllm } }

const prompt = (letters: string): Partial<Ask> => ({ prefix: prefixOf(letters), promptTokens: letters.length * 1_000 })

/** Two servers of one place each, that have read `aaaa` and `bbbb` and answer something else now. */
async function busy(): Promise<Rig & { free: (name: string) => Promise<void> }> {
  const rig = rigOf(servers)
  const { scheduler, ask, world } = rig
  const known = [await scheduler.acquire(ask(prompt('aaaa'))), await scheduler.acquire(ask(prompt('bbbb')))]
  assert.deepEqual(
    known.map(({ upstream }) => upstream.settings.name),
    ['one', 'two'],
  )
  for (const lease of known) lease.end('served')
  const held = [await scheduler.acquire(ask(prompt('x'))), await scheduler.acquire(ask(prompt('y')))]
  const free = async (name: string): Promise<void> => {
    held.find(({ upstream }) => upstream.settings.name === name)!.end('served')
    await world.settle()
  }
  return { ...rig, free }
}

test('a place that gets room takes, of those who are next, the one whose prompt it knows', async () => {
  const { scheduler, ask, free } = await busy()
  const first = watched(scheduler.acquire(ask(prompt('bbbbb'))))
  const second = watched(scheduler.acquire(ask(prompt('aaaaa'))))
  await free('one')
  assert.equal(first.waits, true)
  assert.equal(second.lease?.upstream.settings.name, 'one')
  assert.match(second.lease.decision, /; cached 4\.0k$/)
  await free('two')
  assert.equal(first.lease?.upstream.settings.name, 'two')
})

test('nobody is passed over for longer than it takes to read his prompt', async () => {
  const { scheduler, ask, world, free } = await busy()
  const first = watched(scheduler.acquire(ask(prompt('cccc'))))
  const others = Array.from({ length: 5 }, () => watched(scheduler.acquire(ask(prompt('aaaaa')))))
  await free('one')
  assert.equal(first.waits, true)
  await world.advance(5_000)
  others.find(({ lease }) => lease !== undefined)!.lease!.end('served')
  await world.settle()
  assert.equal(first.lease?.upstream.settings.name, 'one')
})

test('nobody is passed over who has little patience left', async () => {
  const { scheduler, ask, free } = await busy()
  const first = watched(scheduler.acquire(ask({ ...prompt('cccc'), patienceMs: 1_500 })))
  const second = watched(scheduler.acquire(ask(prompt('aaaaa'))))
  await free('one')
  assert.equal(first.lease?.upstream.settings.name, 'one')
  assert.equal(second.waits, true)
})

test('callers do not overtake each other, whatever a place knows', async () => {
  const { scheduler, ask, free } = await busy()
  const first = watched(scheduler.acquire(ask({ ...prompt('cccc'), caller: callerOf('somebody') })))
  const second = watched(scheduler.acquire(ask({ ...prompt('aaaaa'), caller: callerOf('another') })))
  await free('one')
  assert.equal(first.lease?.upstream.settings.name, 'one')
  assert.equal(second.waits, true)
})
