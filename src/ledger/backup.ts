import { type Head, HeadNote, headIn } from './head.ts'
import { Seal } from './seal.ts'
import { Connection } from './sqlite-connection.ts'
import { copyTo } from './sqlite-upgrade.ts'

/** Copies a ledger while others write, with what proves later that the copy is as it was. */
export function backUp(path: string, to: string): Head {
  const source = new Connection(path, { readOnly: true })
  copyTo(source, to)
  source.close()
  const copy = new Connection(to)
  const seal = new Seal(to)
  const head = headIn(copy)
  new HeadNote(to, head).close()
  seal.move(copy)
  seal.close()
  // The last one to leave takes the empty log with it.
  copy.close()
  return head
}
