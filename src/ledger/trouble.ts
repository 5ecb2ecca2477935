import type { Emit } from '../core/event.ts'
import { BooksFault } from './books.ts'

/** What may be wrong: the journal in front of the books, or the books. */
type Part = 'journal' | 'books'

/** Why nothing can be set aside now, told once when it begins and once when it is over. */
export class Trouble {
  readonly #emit: Emit
  readonly #parts = new Map<Part, string>()

  constructor(emit: Emit) {
    this.#emit = emit
  }

  get text(): string | undefined {
    return this.#parts.get('books') ?? this.#parts.get('journal')
  }

  has(part: Part): boolean {
    return this.#parts.has(part)
  }

  begin(part: Part, why: unknown): void {
    const before = this.text
    this.#parts.set(part, wordsFor(why))
    if (before !== undefined) return
    const text = `${this.text} Until that is over, nothing is served for money; what is served at home is taken down later.`
    this.#emit({ type: 'notice', level: 'error', text })
  }

  end(part: Part): void {
    if (!this.#parts.delete(part) || this.#parts.size > 0) return
    this.#emit({ type: 'notice', level: 'info', text: 'The ledger can be written again.' })
  }
}

const byCode: Readonly<Record<string, string>> = {
  ENOSPC: 'There is no space left for the ledger.',
  EDQUOT: 'There is no space left for the ledger.',
  EROFS: 'The ledger may not be written.',
  EACCES: 'The ledger may not be written.',
  EPERM: 'The ledger may not be written.',
}

function wordsFor(why: unknown): string {
  if (typeof why === 'string') return why
  if (why instanceof BooksFault) return why.message.endsWith('.') ? why.message : `${why.message}.`
  const { code = '' } = why as NodeJS.ErrnoException
  return byCode[code] ?? `The disk of the ledger failed (${code}).`
}
