import { randomUUID } from 'node:crypto'
import { chmodSync, chownSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type ConcurrencyEdit, type Edited, withConcurrency } from './edit.ts'
import { ConfigFault } from './problem.ts'

/** Sets how many requests an upstream holds at once, in its file. Whoever reads it sees the old text or the new, and whole. */
export function writeConcurrency(edit: ConcurrencyEdit): Edited {
  const { file, upstream, concurrency } = edit
  try {
    // What is replaced is the file itself, and not a link to it.
    const path = realpathSync(file)
    const edited = withConcurrency(readFileSync(path, 'utf8'), edit)
    replace(path, edited.text)
    return edited
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof ConfigFault || code === undefined) throw error
    const text = `it cannot be written (${code}); set concurrency of ${upstream} to ${concurrency} by hand`
    throw new ConfigFault([{ path: [], file, text }])
  }
}

/** All at once, and with whoever may read it as it was. */
function replace(path: string, text: string): void {
  const { mode, uid, gid } = statSync(path)
  const unfinished = join(dirname(path), `.spillway-${randomUUID()}`)
  try {
    // It may hold keys, so nobody else sees it before its mode is set.
    writeFileSync(unfinished, text, { mode: 0o600, flush: true })
    giveTo(unfinished, uid, gid)
    chmodSync(unfinished, mode & 0o7777)
    renameSync(unfinished, path)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}

/** Only the superuser may give files away, and only he has to. */
function giveTo(path: string, uid: number, gid: number): void {
  try {
    chownSync(path, uid, gid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
}
