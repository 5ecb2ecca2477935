import { BooksFault, type BooksFaultKind } from './books.ts'

/** By the first byte of SQLite's own number of a fault. */
const kinds: Readonly<Record<number, BooksFaultKind>> = {
  5: 'locked',
  6: 'locked',
  8: 'read-only',
  10: 'gone',
  11: 'corrupt',
  13: 'full',
  14: 'gone',
  26: 'corrupt',
}

const words: Readonly<Record<BooksFaultKind, string>> = {
  full: 'There is no space left for the ledger.',
  locked: 'Another program keeps the ledger locked.',
  'read-only': 'The ledger may not be written.',
  corrupt: 'The file of the ledger is damaged.',
  gone: 'The disk of the ledger failed, or its folder is gone.',
  newer: 'The ledger was made by a newer program.',
  wrong: 'The ledger was asked for something that cannot be.',
}

/** What went wrong, in one of the words that there are for it. */
export function faultOf(error: unknown): BooksFault {
  if (error instanceof BooksFault) return error
  const { errcode, code } = error as { errcode?: number; code?: string }
  const kind = errcode === undefined ? kindOfFile(code) : (kinds[errcode & 0xff] ?? 'wrong')
  const detail = error instanceof Error ? error.message : String(error)
  return new BooksFault(kind, `${words[kind]} (${detail})`, { cause: error })
}

/** Somebody else has it, and may soon be done. */
export const isLocked = (error: unknown): boolean => faultOf(error).kind === 'locked'

function kindOfFile(code: string | undefined): BooksFaultKind {
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'full'
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return 'read-only'
  return code === 'ENOENT' || code === 'EIO' || code === 'ENOTDIR' ? 'gone' : 'wrong'
}

/** After these, what the connection believes of its file may not be so any more. */
export const needsReopening = ({ kind }: BooksFault): boolean =>
  kind === 'gone' || kind === 'corrupt' || kind === 'read-only'
