/** What the less urgent classes get, while they wait, of all that is served meanwhile: at least so much, of 1. */
export interface Shares {
  readonly default: number
  readonly batch: number
}

export const usualShares: Shares = { default: 0.2, batch: 0.1 }
