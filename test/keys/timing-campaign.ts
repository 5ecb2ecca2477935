/** Whether the time that a refusal takes says what is wrong with a key: so many of each kind. */
import { type Distance, distances } from './timing.ts'

/** Whoever guesses learns nothing; between keys that were once good, there is less than any socket lets through. */
const isWell = (kind: string, { t, meanNs }: Distance): boolean =>
  /^with |^unknown/.test(kind) ? Math.abs(t) < 4.5 : Math.abs(meanNs) < 1_000

const samples = Number(process.argv[2] ?? 100_000)
const found = await distances(samples)
for (const [kind, distance] of found) {
  const { t, meanNs } = distance
  const line = `${isWell(kind, distance) ? 'ok  ' : 'FAIL'}  ${kind}: t ${t.toFixed(1)}, ${meanNs.toFixed(0)} ns`
  process.stdout.write(`${line}\n`)
  if (!isWell(kind, distance)) process.exitCode = 1
}
