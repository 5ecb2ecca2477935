/** More than there is money for, at once, for the night: `npm run nightly -- rush 1000`. */
import { inMemory, onDisk, rushes } from './rush.ts'

const [rounds = 1_000] = process.argv.slice(2).map(Number)
const say = (line: string): void => void process.stdout.write(`${line}\n`)

for (const [name, field] of [
  ['in memory', inMemory()],
  ['on the disk', await onDisk(1)],
  ['on the disk, two gateways', await onDisk(2)],
] as const) {
  await rushes(field, rounds)
  say(`${rounds} times 500 at once on money for 10, ${name}: each time 10 were let out.`)
}
