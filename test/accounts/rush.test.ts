import { test } from 'node:test'
import { inMemory, rushes } from './rush.ts'

/** `npm run nightly -- rush` does this a thousand times, also on the disk and at two gateways. */
test('of 500 at once on money for 10, exactly 10 are let out, a hundred times over', async () => {
  // Most of a rush is waiting: four gateways share the time.
  await Promise.all(Array.from({ length: 4 }, () => rushes(inMemory(), 25)))
})
