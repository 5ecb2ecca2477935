/** Single bytes of a ledger changed: `npm run nightly -- tamper 10000`. */
import { tamper } from './tamper.ts'

const [count = '10000', seed = '1'] = process.argv.slice(2)
const { before, unseen, bytes } = tamper(Number(count), Number(seed))
console.log(`${count} changes of one byte among ${bytes}: ${Number(count) - unseen.length} found`)
for (const problem of [...before, ...unseen]) console.log(problem)
process.exitCode = before.length + unseen.length === 0 ? 0 : 1
