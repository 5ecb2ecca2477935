/** Takes a ledger to the version of this program, and is killed before its n-th statement. */
import { Connection } from '../../src/ledger/sqlite-connection.ts'
import { upgrade } from '../../src/ledger/sqlite-upgrade.ts'
import type { Row, Statement } from '../../src/ledger/work.ts'

const [path = '', last = ''] = process.argv.slice(2)

class Mortal extends Connection {
  #left = Number(last)

  override rows(statement: Statement): readonly Row[] {
    if (this.#left === 0) process.kill(process.pid, 'SIGKILL')
    this.#left -= 1
    return super.rows(statement)
  }
}

upgrade(new Mortal(path), path)
