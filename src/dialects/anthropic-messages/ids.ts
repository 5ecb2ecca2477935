/** Ids are letters, digits, `_` and `-` here; others come from servers that call theirs `functions.f:0`. */
export const plainId = (id: string): string => id.replace(/[^A-Za-z0-9_-]/g, '_')

/** Gives each call of a conversation an id of its own: servers that count their calls begin anew with every answer. */
export function freshIds(): (id: string) => string {
  const used = new Set<string>()
  return (id) => {
    const plain = plainId(id) || 'call'
    let fresh = plain
    for (let copy = 2; used.has(fresh); copy += 1) fresh = `${plain}_${copy}`
    used.add(fresh)
    return fresh
  }
}
