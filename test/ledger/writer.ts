/** Writes into a ledger until it is killed, and says how many requests are taken down: each line once they are on the disk. */
import { SqliteFile } from '../../src/ledger/sqlite-file.ts'
import { fill } from './left.ts'

const [path = '', from = '0'] = process.argv.slice(2)
const file = new SqliteFile(path)
for (let i = 0; ; i += 20) {
  fill(file, Number(from) + i, Number(from) + i + 20, 20)
  file.tend()
  process.stdout.write(`${i + 20}\n`)
}
