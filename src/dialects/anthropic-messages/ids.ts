/** Ids are letters, digits, `_` and `-` here; others come from servers that call theirs `functions.f:0`. */
export const plainId = (id: string): string => id.replace(/[^A-Za-z0-9_-]/g, '_')
