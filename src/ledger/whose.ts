/** Whom an account's name means: `caller:chat-ui/day` → caller, chat-ui. */
export interface Whose {
  readonly kind: 'caller' | 'team' | 'upstream' | 'gateway'
  readonly name: string
}

export function whoseIs(account: string): Whose {
  const whole = account.slice(0, account.lastIndexOf('/'))
  const colon = whole.indexOf(':')
  const kind = colon < 0 ? whole : whole.slice(0, colon)
  if (kind !== 'caller' && kind !== 'team' && kind !== 'upstream') return { kind: 'gateway', name: '' }
  return { kind, name: whole.slice(colon + 1) }
}
