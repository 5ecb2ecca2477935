import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetFault } from '../../core/world.ts'
import { Body } from './body.ts'

function fed(): { body: Body; calls: string[] } {
  const calls: string[] = []
  const body = new Body({ resume: () => void calls.push('resume'), drop: () => void calls.push('drop') })
  return { body, calls }
}

const bytes = (text: string): Buffer => Buffer.from(text)
const fault = new NetFault('reset', 'gone')

test('a step that waits gets what arrives, and the very same bytes', async () => {
  const { body } = fed()
  const step = body.next()
  const piece = bytes('one')
  assert.equal(body.push(piece), true)
  assert.equal((await step).value, piece)
})

test('what arrived while nobody waited comes as one piece', async () => {
  const { body } = fed()
  for (const text of ['one', 'two', 'three']) body.push(bytes(text))
  body.close()
  assert.equal((await body.next()).value?.toString(), 'onetwothree')
  assert.deepEqual(await body.next(), { done: true, value: undefined })
})

test('more than 64 KiB waiting asks the source to stop, and reading it to go on, once', async () => {
  const { body, calls } = fed()
  assert.equal(body.push(Buffer.alloc(60_000)), true)
  assert.equal(body.push(Buffer.alloc(10_000)), false)
  assert.deepEqual(calls, [])
  await body.next()
  assert.deepEqual(calls, ['resume'])
  assert.equal(body.push(Buffer.alloc(10)), true)
  await body.next()
  assert.deepEqual(calls, ['resume'])
})

test('a drip of single bytes asks the source to stop as well', () => {
  const { body } = fed()
  let pieces = 0
  while (body.push(Buffer.alloc(1))) pieces += 1
  assert.ok(pieces < 1_000, `${pieces} pieces`)
})

test('a source that has ended is not told to go on', async () => {
  const { body, calls } = fed()
  body.push(Buffer.alloc(100_000))
  body.close()
  await body.next()
  assert.deepEqual(calls, [])
})

test('a fault is told behind what had arrived, and once', async () => {
  const { body } = fed()
  body.push(bytes('one'))
  body.close(fault)
  assert.equal((await body.next()).value?.toString(), 'one')
  await assert.rejects(body.next(), fault)
  assert.equal((await body.next()).done, true)
})

test('a fault reaches the step that waits', async () => {
  const { body } = fed()
  const step = body.next()
  body.close(fault)
  await assert.rejects(step, fault)
})

test('after an abort nothing that had arrived is read', async () => {
  const { body } = fed()
  body.push(bytes('one'))
  body.abort(fault)
  await assert.rejects(body.next(), fault)
})

test('leaving drops the source, and what had arrived', async () => {
  const { body, calls } = fed()
  body.push(bytes('one'))
  assert.equal((await body.return()).done, true)
  assert.deepEqual(calls, ['drop'])
})

test('two steps at once are a mistake of the caller', async () => {
  const { body } = fed()
  const first = body.next()
  await assert.rejects(body.next(), TypeError)
  body.push(bytes('one'))
  assert.equal((await first).value?.toString(), 'one')
})
