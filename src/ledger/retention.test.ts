import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Retention } from './retention.ts'

test('days are closed once an hour, and their rows go bit by bit until none is left', async () => {
  const asked: string[] = []
  const sleeps: (() => void)[] = []
  let rows = 2_500
  const retention = new Retention({
    books: {
      run: (async (job: string, ...args: unknown[]) => {
        asked.push([job, ...args].join(' '))
        if (job !== 'letGo') return undefined
        const gone = Math.min(rows, Number(args[0]))
        rows -= gone
        return gone
      }) as never,
    },
    world: { epochMs: () => 100_000, sleep: () => new Promise((resolve) => sleeps.push(resolve)) },
    keepMs: () => 40_000,
    timeZone: () => 'Europe/Berlin',
  })
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(asked, [])
  for (let i = 0; i < 4; i += 1) {
    sleeps.shift()?.()
    await settled()
  }
  assert.deepEqual(asked, ['closeDays 60000 Europe/Berlin', 'letGo 1000', 'letGo 1000', 'letGo 1000', 'letGo 1000'])
  retention.close()
  sleeps.shift()?.()
  await settled()
  assert.equal(asked.length, 5)
})
