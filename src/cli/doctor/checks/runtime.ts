import { isBelow } from '../../../core/version.ts'
import { type Check, fail, ok, warn } from '../finding.ts'

/** With two connections that write, these lose data when the write-ahead log begins anew. */
const sqliteBad = { from: '3.7.0', fixed: '3.51.3' }

export const runtime: Check = {
  name: 'node',
  look({ runtime: { node, sqlite } }) {
    const [major = 0] = node.split('.').map(Number)
    const isGood = !isBelow(node, '24.16.0') && major !== 25 && !(major === 26 && isBelow(node, '26.1.0'))
    const found = isGood
      ? ok(`Node ${node}`)
      : fail(`Node ${node} is not one that Spillway was made for`, 'Run it with Node 24.16 or newer, but not 25.')
    if (sqlite === undefined) return [found]
    const isBad = !isBelow(sqlite, sqliteBad.from) && isBelow(sqlite, sqliteBad.fixed)
    return [
      found,
      isBad
        ? warn(
            `SQLite ${sqlite} can lose data in its write-ahead log`,
            `Take a Node that brings ${sqliteBad.fixed} or later.`,
          )
        : ok(`SQLite ${sqlite}`),
    ]
  },
}
