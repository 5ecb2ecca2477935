/** What PostgreSQL and the way to it can have against a piece of work. */
export type Hindrance = 'gone' | 'full' | 'read-only' | 'locked' | 'corrupt'

/** By the first letters of what the server calls it (SQLSTATE), the longest that fits. */
const hindrances: Readonly<Record<string, Hindrance>> = {
  '08': 'gone',
  '28': 'gone',
  '3D': 'gone',
  '53': 'gone',
  '53100': 'full',
  '57': 'gone',
  '57014': 'locked',
  '58': 'gone',
  '25006': 'read-only',
  '25P03': 'gone',
  '55P03': 'locked',
  XX001: 'corrupt',
  XX002: 'corrupt',
}

/** Undefined where the work itself is at fault. */
export function hindranceOf(error: unknown): Hindrance | undefined {
  const { code, severity } = error as { code?: unknown; severity?: unknown }
  // What does not come from the server is about the way to it.
  if (severity === undefined || typeof code !== 'string') return error instanceof RangeError ? undefined : 'gone'
  return hindrances[code] ?? hindrances[code.slice(0, 2)]
}

/** All of it was undone, through no fault of its own: it may be done again at once. */
export function isUndone(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === '40001' || code === '40P01'
}
