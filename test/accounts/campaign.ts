/** Budgets, for the night: `npm run nightly -- budgets 1000 [seed]`. */
import { tryHistories } from './histories.ts'
import { onDisk, race } from './race.ts'

const [times = 1_000, seed] = process.argv.slice(2).map(Number)
const say = (line: string): void => void process.stdout.write(`${line}\n`)
await tryHistories(times * 10, seed)
say(`${times * 10} histories: no account was overdrawn, and nothing stayed held.`)
const { ledger, close } = await onDisk()
try {
  await race(ledger, times)
  say(`${times} races of 500 on a disk: each time exactly ten were let in.`)
} finally {
  await close()
}
