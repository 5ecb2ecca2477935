import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { migrate, migrations, refuseNewer, versionOf, type Migration } from './migrations.ts'
import type { Connection } from './sqlite-connection.ts'

/**
 * Takes a file to the version that this program knows, and keeps a copy of how it was: `ledger.db.before-2`. Forward only,
 * in one transaction: whatever happens meanwhile, the file is of the old version or of the new one.
 */
export function upgrade(connection: Connection, path: string, steps: readonly Migration[] = migrations): void {
  const version = connection.transaction(() => connection.run(versionOf()))
  refuseNewer(version, steps.length)
  if (version === steps.length) return
  if (version > 0) copyTo(connection, `${path}.before-${steps.length}`)
  connection.transaction(() => connection.run(migrate(steps)))
}

/** A copy of the whole as it is now, while others write. It has its name only when it is complete. */
export function copyTo(connection: Connection, file: string): void {
  const unfinished = `${file}.unfinished`
  rmSync(unfinished, { force: true })
  connection.rows({ text: 'VACUUM INTO ?', values: [unfinished] })
  chmodSync(unfinished, 0o600)
  const descriptor = openSync(unfinished, 'r+')
  fsyncSync(descriptor)
  closeSync(descriptor)
  renameSync(unfinished, file)
}
