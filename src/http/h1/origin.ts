import { isIP } from 'node:net'

/** A server's address, taken apart once. */
export interface Origin {
  readonly host: string
  readonly port: number
  readonly encrypted: boolean
  /** What the Host field says. */
  readonly authority: string
  /** The name a certificate must be for; a bare address has none to send. */
  readonly servername: string | undefined
}

export function readOrigin(text: string): Origin {
  const url = URL.parse(text)
  const encrypted = url?.protocol === 'https:'
  if (url === null || !(encrypted || url.protocol === 'http:') || url.href !== `${url.origin}/`) {
    throw new TypeError(`Not an origin (scheme, host and port, nothing more): ${text}`)
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return {
    host,
    port: url.port === '' ? (encrypted ? 443 : 80) : Number(url.port),
    encrypted,
    authority: url.host,
    servername: isIP(host) === 0 ? host : undefined,
  }
}
