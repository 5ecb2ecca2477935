/** How near the process is to the end of what it has. Each claim includes those above it. */
export interface Pressure {
  /** What can wait is refused, and what could be served at home stays there. */
  readonly isSparing: boolean
  /** A connection is closed behind its answer. */
  readonly isClosing: boolean
  /** New requests are refused. */
  readonly isRefusing: boolean
  /** New connections are, too. */
  readonly isShut: boolean
  /** Whether a request of so many bytes may come in before the next look; what may is counted until then. */
  takes(bytes: number): boolean
}

export const noPressure: Pressure = {
  isSparing: false,
  isClosing: false,
  isRefusing: false,
  isShut: false,
  takes: () => true,
}
