/** Whether the time that a refusal takes says what is wrong with a key: so many of each kind. */
import { type Distance, distances } from './timing.ts'

/** What is between two lots of keys that nobody ever had is the noise of this machine. */
const control = 'unknown, others'

/** Whoever guesses learns nothing; between keys that were once good, there is less than any socket lets through. */
function isWell(kind: string, { t, meanNs }: Distance, noise: number): boolean {
  if (kind === control) return true
  return kind.startsWith('with ') ? Math.abs(t) < Math.max(4.5, 3 * noise) : Math.abs(meanNs) < 1_000
}

const samples = Number(process.argv[2] ?? 100_000)
const found = await distances(samples)
const noise = Math.abs(found.get(control)!.t)
for (const [kind, distance] of found) {
  const { t, meanNs } = distance
  const line = `${isWell(kind, distance, noise) ? 'ok  ' : 'FAIL'}  ${kind}: t ${t.toFixed(1)}, ${meanNs.toFixed(0)} ns`
  process.stdout.write(`${line}\n`)
  if (!isWell(kind, distance, noise)) process.exitCode = 1
}
