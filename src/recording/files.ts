import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** There is no recording here; the message says why, in one sentence for people. */
export class RecordingFault extends Error {
  override readonly name = 'RecordingFault'
}

/** The file that is meant, or all recordings of the folder, the oldest first. Throws a RecordingFault where there is none. */
export function filesAt(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    const names = readdirSync(path)
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
    if (names.length > 0) return names.map((name) => join(path, name))
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new RecordingFault(`There is no recording at ${path} (${code}).`, { cause: error })
  }
  throw new RecordingFault(`There are no recordings in ${path}.`)
}
