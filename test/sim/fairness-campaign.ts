import { at, fairness, machineNames } from './fairness.ts'

/** One caller beside one who asks a hundred times as often, many times: `node test/sim/fairness-campaign.ts 1000 [first seed]`. */
const [count = 100, first = 1] = process.argv.slice(2).map(Number)
const boundTimes = 2

let failed = 0
for (const name of machineNames) {
  const seeds = Array.from({ length: count }, (_, index) => first + index)
  const { solo, crowded } = await fairness(seeds, name, 5)
  const ratios = [0.5, 0.95, 0.99].map((share) => at(share, crowded) / at(share, solo))
  const [p50, p95, p99] = ratios.map((ratio) => ratio.toFixed(2))
  const isHeld = ratios[2]! <= boundTimes
  if (!isHeld) failed += 1
  process.stdout.write(
    `${isHeld ? 'held' : 'BROKEN'}: ${name}, ${count} seeds, ${crowded.length} waits: p50 ${p50}, p95 ${p95}, p99 ${p99} times as long as alone\n`,
  )
}
process.exitCode = failed === 0 ? 0 : 1
