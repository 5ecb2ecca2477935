/** Operators who are killed at work, for the night: `node test/ledger/audit-campaign.ts 10000 [seed]`. */
import { killOperators } from './audit-kills.ts'

const [changes = 10_000, seed = 1] = process.argv.slice(2).map(Number)
const { kills, said, wrong } = await killOperators(changes, seed)
process.stdout.write(`${said} changes, ${kills} kills; ${wrong.length} wrong\n`)
for (const sentence of wrong) process.stdout.write(`${sentence}\n`)
if (wrong.length > 0) process.exitCode = 1
