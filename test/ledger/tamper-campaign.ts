/** Single bytes of a ledger changed: `npm run nightly -- tamper 10000`. */
import { tamper } from './tamper.ts'

const [count = '10000', seed = '1'] = process.argv.slice(2)
const { before, unseen, bytes } = await tamper(Number(count), Number(seed))
process.stdout.write(`${count} changes of one byte among ${bytes}: ${Number(count) - unseen.length} found\n`)
for (const problem of [...before, ...unseen]) process.stdout.write(`${problem}\n`)
process.exitCode = before.length + unseen.length === 0 ? 0 : 1
