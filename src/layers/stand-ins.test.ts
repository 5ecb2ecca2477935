import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask } from '../core/ask.ts'
import { Fault, type FaultKind } from '../core/fault.ts'
import type { Reply } from '../core/reply.ts'
import { standIns } from './stand-ins.ts'

const configured = new Map([['big', ['middle', 'small']]])

const asked = (more: Partial<Ask> = {}): Ask =>
  ({
    model: 'big',
    needs: ['chat'],
    body: { model: 'big', stream: true },
    raw: Buffer.from('{}'),
    caller: { models: undefined },
    ...more,
  }) as unknown as Ask

/** Serves by the layer, and tells which models were asked; some are refused. */
async function served(
  ask: Ask,
  {
    short = true,
    inTime = ['middle', 'small'],
    refuses = {},
  }: {
    short?: boolean
    inTime?: readonly string[]
    refuses?: Readonly<Record<string, FaultKind>>
  } = {},
): Promise<Ask[]> {
  const seen: Ask[] = []
  const layer = standIns({
    standIns: () => configured,
    isShort: () => short,
    isInTime: ({ model }) => inTime.includes(model),
  })
  const serve = layer((one) => {
    seen.push(one)
    const kind = refuses[one.model]
    return kind === undefined ? Promise.resolve({} as Reply) : Promise.reject(new Fault(kind, 'no'))
  })
  await serve(ask)
  return seen
}

const names = (asks: readonly Ask[]): string[] => asks.map(({ model }) => model)

test('the first that can serve in time stands in, under its own name', async () => {
  const [ask] = await served(asked(), { inTime: ['small'] })
  assert.deepEqual([ask?.model, ask?.standsInFor, ask?.body['model'], ask?.raw], ['small', 'big', 'small', undefined])
})

test('while there is memory, or nobody who can stand in, the ask goes on as it is', async () => {
  const ask = asked()
  assert.deepEqual(await served(ask, { short: false }), [ask])
  assert.deepEqual(await served(ask, { inTime: [] }), [ask])
  const other = asked({ model: 'another' })
  assert.deepEqual(await served(other), [other])
})

test('a caller is given none that he may not use', async () => {
  const caller = { models: new Set(['big', 'small']) } as unknown as Ask['caller']
  assert.deepEqual(names(await served(asked({ caller }))), ['small'])
})

test('nothing stands in for vectors, for what a server has kept, or for an errand', async () => {
  for (const ask of [asked({ needs: ['vectors'] }), asked({ needs: ['memory'] }), asked({ errand: 'load' })])
    assert.deepEqual(await served(ask), [ask])
})

test('one who waited in vain for want of memory is given a stand-in, and any other refusal stands', async () => {
  const parts = { inTime: [] as string[] }
  const seen = served(asked(), { ...parts, refuses: { big: 'patience-spent' } })
  await assert.rejects(seen, { kind: 'patience-spent' })
  let short = false
  const models: string[] = []
  const layer = standIns({ standIns: () => configured, isShort: () => short, isInTime: () => true })
  const serve = layer(({ model }) => {
    models.push(model)
    short = true
    return model === 'big' ? Promise.reject(new Fault('patience-spent', 'no')) : Promise.resolve({} as Reply)
  })
  await serve(asked())
  assert.deepEqual(models, ['big', 'middle'])
  await assert.rejects(served(asked(), { short: false, refuses: { big: 'upstream-broke' } }), {
    kind: 'upstream-broke',
  })
})
