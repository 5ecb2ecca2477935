/** How busy a machine was that could not take all that came. */
export interface Crowded {
  /** Requests it has at once, at most. */
  readonly places: number
  /** Requests it had at once, on average. */
  readonly busy: number
  /** Of all requests, the share that it could not take: above 0, below 1. */
  readonly lost: number
}

/**
 * The share that would still be lost with more places. Erlang's formula tells how the loss of a random stream falls with the
 * places; that real ones come in bursts, the loss that there was tells: so it is taken from there, and only its fall from the formula.
 */
export function lostWith(morePlaces: number, { places, busy, lost }: Crowded): number {
  const offered = busy / (1 - lost)
  const before = erlangLoss(offered, places)
  return before === 0 ? 0 : (lost * erlangLoss(offered, places + morePlaces)) / before
}

/** Of a random stream that would keep `offered` places busy, the share that finds all places taken. */
export function erlangLoss(offered: number, places: number): number {
  let loss = 1
  for (let place = 1; place <= places; place += 1) loss = (offered * loss) / (place + offered * loss)
  return loss
}
