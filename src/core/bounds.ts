/** How much of this process callers may take. What is `auto` follows from what the system gives it. */
export interface Bounds {
  /** Connections of callers at once. */
  readonly connections: number | 'auto'
  /** Of one address. */
  readonly connectionsPerAddress: number | 'auto'
  /** How long a caller may take to read what it has been sent, which is little: whoever is slower is sent away. */
  readonly readerStallMs: number
  /** What may wait for slow readers, all of them together. */
  readonly unreadBytes: number
  /** The largest body that is read. */
  readonly bodyBytes: number
}

const mebi = 1024 * 1024

export const usualBounds: Bounds = {
  connections: 'auto',
  connectionsPerAddress: 'auto',
  readerStallMs: 30_000,
  unreadBytes: 512 * mebi,
  bodyBytes: 32 * mebi,
}
