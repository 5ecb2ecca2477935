/** What numbers are: `ms` is shown as people say times, `share` as percent, anything else as a number with its name. */
export type Unit = string

/** As short as it can be said: `1.2 s`, `34 %`, `12k`, `250 tokens/s`. */
export function amountIn(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return value > 0 ? 'never' : '–'
  if (unit === 'ms') return time(value)
  if (unit === 'share') return `${part(value * 100)} %`
  if (unit === '$') return `${value < 0 ? '-' : ''}$${large(Math.abs(value))}`
  return unit === '' ? large(value) : `${large(value)} ${unit}`
}

function time(ms: number): string {
  const size = Math.abs(ms)
  if (size === 0) return '0'
  if (size < 1) return `${digits(ms * 1_000)} µs`
  if (size < 1_000) return `${digits(ms)} ms`
  if (size < 120_000) return `${digits(ms / 1_000)} s`
  return size < 7_200_000 ? `${digits(ms / 60_000)} min` : `${large(ms / 3_600_000)} h`
}

function large(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e15) return value.toExponential(0)
  const [, factor, letter] = steps.find(([from]) => size >= from) ?? [0, 1, '']
  return `${digits(value / factor)}${letter}`
}

const steps: readonly (readonly [from: number, factor: number, letter: string])[] = [
  [1e12, 1e12, 'T'],
  [1e9, 1e9, 'B'],
  [1e6, 1e6, 'M'],
  // A thousand and a half is read more easily in full.
  [1e4, 1e3, 'k'],
]

/** Nearly all is not all. */
const part = (percent: number): string =>
  percent > 99.9 && percent < 100 ? String(Math.floor(percent * 1_000 + 1e-6) / 1_000) : digits(percent)

/** Three digits that count, and no zeros behind a point. */
function digits(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && size < 0.001) return value.toExponential(0)
  const behind = size === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(size)))
  return String(Number(value.toFixed(Math.min(behind, 5))))
}
