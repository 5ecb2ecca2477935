import { readSync } from 'node:fs'
import { recordsFrom } from './journal-reader.ts'
import { entryIn } from './journal-record.ts'

/**
 * A piece of the journal as it is handed to the books: not its text, which would have to be copied from thread to thread, but
 * where it lies. All threads of a process have its open files in common.
 */
export interface Stretch {
  readonly file: number
  readonly from: number
  readonly to: number
  /** Those that were written there. */
  readonly entries: number
}

/** The entries that can be read there, each as it was written. */
export function entriesIn({ file, from, to }: Stretch): readonly string[] {
  const bytes = Buffer.allocUnsafe(to - from)
  const there = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from))
  const entries: string[] = []
  for (const { text } of recordsFrom({ read: (at, most) => there.subarray(at, at + most) }, 0)) {
    const entry = entryIn(text)
    if (entry !== undefined) entries.push(entry)
  }
  return entries
}

interface Written {
  readonly segment: number
  readonly file: number
  readonly from: number
  to: number
  entries: number
}

/** What the books have not got yet, as pieces that they can take at once. It grows at its end, and is handed over from its beginning. */
export class Stretches {
  readonly #most: number
  readonly #list: Written[] = []
  /** The first has been handed over, and does not grow any more. */
  #isLent = false

  constructor(most: number) {
    this.#most = most
  }

  /** An entry has come to lie there. */
  add(
    { number, file, end }: { readonly number: number; readonly file: number; readonly end: number },
    bytes: number,
  ): void {
    const last = this.#list.at(-1)
    const grows = last !== undefined && !(this.#isLent && this.#list.length === 1)
    if (grows && last.segment === number && last.entries < this.#most) {
      last.to = end
      last.entries += 1
    } else {
      this.#list.push({ segment: number, file, from: end - bytes, to: end, entries: 1 })
    }
  }

  /** The same again, until it is done with. */
  first(): (Stretch & { readonly segment: number }) | undefined {
    this.#isLent = this.#list.length > 0
    return this.#list[0]
  }

  shift(): void {
    this.#list.shift()
    this.#isLent = false
  }
}
