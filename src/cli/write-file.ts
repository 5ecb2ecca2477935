import { writeFileSync } from 'node:fs'

/** A file that somebody named and that cannot be written, in a sentence. */
export class WriteFault extends Error {}

export function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (cause) {
    throw new WriteFault(`${path} cannot be written (${(cause as NodeJS.ErrnoException).code}).`, { cause })
  }
}
