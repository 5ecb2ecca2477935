import { HeadNote, headIn } from './head.ts'
import { Seal } from './seal.ts'
import { Connection } from './sqlite-connection.ts'
import { copyTo } from './sqlite-upgrade.ts'

/** Copies a ledger while others write, with what proves later that the copy is as it was. */
export function backUp(path: string, to: string): void {
  const source = new Connection(path, { readOnly: true })
  copyTo(source, to)
  source.close()
  const copy = new Connection(to)
  const seal = new Seal(to)
  new HeadNote(to, headIn(copy)).close()
  seal.move(copy)
  seal.close()
  // The last one to leave takes the empty log with it.
  copy.close()
}
