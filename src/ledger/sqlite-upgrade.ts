import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { migrate, migrations, refuseNewer, versionOf, type Migration } from './migrations.ts'
import { Connection } from './sqlite-connection.ts'

/**
 * Takes a file to the version that this program knows, and keeps a copy of how it was: `ledger.db.before-2`. Forward only,
 * in one transaction: whatever happens meanwhile, the file is of the old version or of the new one. Of two who come at
 * once, one does it, and nobody writes between the copy and the upgrade.
 */
export function upgrade(connection: Connection, path: string, steps: readonly Migration[] = migrations): void {
  connection.transaction(() => {
    const version = connection.run(versionOf())
    refuseNewer(version, steps.length)
    if (version === steps.length) return
    if (version > 0) putAside(path, `${path}.before-${steps.length}`)
    connection.run(migrate(steps))
  })
}

/** How it was before the transaction that is under way. */
function putAside(path: string, file: string): void {
  const reader = new Connection(path, { readOnly: true })
  try {
    copyTo(reader, file)
  } finally {
    reader.close()
  }
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
