/** Figures that a change may not worsen: each with how far it may stray by chance, and why it is what it is. */
export interface Band {
  readonly id: string
  readonly what: string
  readonly unit: string
  /** What it was when it was last written down. */
  readonly value: number
  /** Which way is worse. */
  readonly worse: 'more' | 'less'
  /** So much worse is still chance, in the unit of the value; from a seed, it is what may move without meaning anything. */
  readonly band: number
  /** Why the value is what it is: a new one is a new sentence. */
  readonly why: string
}

export interface Held {
  readonly band: Band
  /** Undefined where it could not be measured here. */
  readonly value: number | undefined
  readonly verdict: 'as it was' | 'worse' | 'better' | 'not measured'
}

/** One that is measured and has no band is as much of a mistake as one that has a band and is not measured. */
export function hold(
  bands: readonly Band[],
  measured: ReadonlyMap<string, number>,
  missing: ReadonlySet<string>,
): Held[] {
  const known = new Set(bands.map(({ id }) => id))
  const unknown = [...measured.keys()].filter((id) => !known.has(id))
  if (unknown.length > 0) throw new Error(`bench/bands.json has no band for ${unknown.join(', ')}.`)
  return bands.map((band) => {
    const value = measured.get(band.id)
    if (value === undefined && !missing.has(band.id)) throw new Error(`${band.id} has a band and is not measured.`)
    return { band, value, verdict: value === undefined ? 'not measured' : verdictOn(band, value) }
  })
}

function verdictOn({ value: was, band, worse }: Band, value: number): Held['verdict'] {
  // What is no number is certainly not as it was.
  const worsening = worse === 'more' ? value - was : was - value
  if (!(worsening <= band)) return 'worse'
  return worsening < -band ? 'better' : 'as it was'
}

export function heldLine({ band, value, verdict }: Held): string {
  const { what, unit, value: was, worse } = band
  const limit = worse === 'more' ? was + band.band : was - band.band
  const is = value === undefined ? 'not measured here' : `${shown(value)} ${unit}`
  return `${verdict.padEnd(12)} ${what}: ${is} (was ${shown(was)}, may be ${worse === 'more' ? 'up to' : 'down to'} ${shown(limit)})`
}

const shown = (value: number): string => String(Number(value.toPrecision(4)))
