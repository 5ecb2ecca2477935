import type { SimServer } from '../../src/sim/server.ts'

/** What befalls one of two servers. */
export interface Fault {
  readonly name: string
  /** Prompts take so many times as long. */
  readonly times?: number
  readonly begin: (server: SimServer) => void
  readonly end: (server: SimServer) => void
}

const mends = (server: SimServer): void => {
  server.faults = {}
}

export const refuses: Fault = {
  name: 'refuses the connection',
  begin: (server) => server.crash(),
  end: (server) => server.restart(),
}

export const resets: Fault = {
  name: 'resets before a byte',
  begin: (server) => {
    server.faults = { reset: 1 }
  },
  end: mends,
}

export const isUnavailable: Fault = {
  name: 'answers 503',
  begin: (server) => {
    server.faults = { error503: 1 }
  },
  end: mends,
}

/** All that it says breaks off there. */
export const dies: Fault = { ...refuses, name: 'dies in mid-sentence' }

export const isSilent: Fault = {
  name: 'takes requests and never answers',
  begin: (server) => {
    server.faults = { silent: 1 }
  },
  end: mends,
}

export const isSlow: Fault = {
  name: 'is ten times as slow',
  times: 10,
  begin: (server) => server.slow(10),
  end: (server) => server.slow(1),
}
