import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilGone } from '../core/until-gone.ts'
import { Loading } from './loading.ts'

const setting = (model: string): { model: string; contextTokens: undefined } => ({ model, contextTokens: undefined })

test('all who want a model wait for one load, and a later want begins another', async () => {
  const loading = new Loading()
  let loads = 0
  const load = async (): Promise<void> => void (loads += 1)
  await Promise.all([loading.bring(setting('m'), load), loading.bring(setting('m'), load)])
  assert.equal(loads, 1)
  await loading.bring(setting('m'), load)
  assert.equal(loads, 2)
})

test('models are loaded one after the other, and one that fails does not hold up the next', async () => {
  const loading = new Loading()
  const first = Promise.withResolvers<void>()
  const begun: string[] = []
  const failing = loading.bring(setting('a'), ({ model }) => {
    begun.push(model)
    return first.promise
  })
  const next = loading.bring(setting('b'), async ({ model }) => void begun.push(model))
  await Promise.resolve()
  assert.deepEqual(begun, ['a'])
  first.reject(new Error('out of memory'))
  await assert.rejects(failing, { kind: 'upstream-broke', message: /could not load the model a/ })
  await next
  assert.deepEqual(begun, ['a', 'b'])
})

test('who leaves stops waiting, and the load goes on', async () => {
  const loading = new Loading()
  const work = Promise.withResolvers<void>()
  const bringing = loading.bring(setting('m'), () => work.promise)
  const gone = new AbortController()
  const waiting = untilGone(bringing, gone.signal)
  gone.abort()
  await assert.rejects(waiting, { kind: 'cancelled' })
  work.resolve()
  await bringing
})
