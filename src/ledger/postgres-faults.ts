import { BooksFault, type BooksFaultKind } from './books.ts'

/**
 * By what the server calls it (SQLSTATE), or by the first two letters of that. Only what it has against the values is the
 * fault of who asked. All else, tables that are gone or may not be touched among it, is over one day.
 */
const kinds: Readonly<Record<string, BooksFaultKind>> = {
  '22': 'wrong',
  '23': 'wrong',
  '25006': 'read-only',
  '53100': 'full',
  '55P03': 'locked',
  '57014': 'locked',
  XX001: 'corrupt',
  XX002: 'corrupt',
}

/** What went wrong at a server, or on the way to it, as a fault of the books. */
export function faultOf(error: unknown, server: string): BooksFault {
  if (error instanceof BooksFault) return error
  const { message, code } = error as Error & { readonly code?: unknown }
  const kind = kindOf(error)
  // Where several addresses were tried in vain, there is no message but a code.
  const words = message === '' ? String(code) : message
  return new BooksFault(kind, kind === 'wrong' ? words : `PostgreSQL at ${server}: ${words}`, { cause: error })
}

function kindOf(error: unknown): BooksFaultKind {
  const { code, severity } = error as { readonly code?: unknown; readonly severity?: unknown }
  if (typeof severity === 'string' && typeof code === 'string') return kinds[code] ?? kinds[code.slice(0, 2)] ?? 'gone'
  // What does not come from the server is about the way to it, or about what was asked.
  return error instanceof RangeError || error instanceof TypeError ? 'wrong' : 'gone'
}

/** All of it was undone, and not for what it was: it may be done again at once. */
export function isUndone({ cause }: BooksFault): boolean {
  const { code } = (cause ?? {}) as { readonly code?: unknown }
  return code === '40001' || code === '40P01'
}

/** Where it is, without the password that leads there. */
export function serverOf(url: string): string {
  try {
    const { host, pathname, searchParams } = new URL(url)
    return `${searchParams.get('host') ?? host}${pathname}`
  } catch {
    return 'the address in ledger.url'
  }
}
