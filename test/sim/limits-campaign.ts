import { fromWrongStarts, linedMost, wrongStartKinds } from './wrong-starts.ts'

/** Busy servers whose limits begin wrong, many times: `node test/sim/limits-campaign.ts 200 [first seed]`. */
const [count = 20, first = 1] = process.argv.slice(2).map(Number)
const seeds = Array.from({ length: count }, (_, index) => first + index)

for (const kind of wrongStartKinds) {
  const { wrong, lined } = await fromWrongStarts(kind, seeds)
  const isHeld = wrong.length === 0 && lined <= linedMost
  if (!isHeld) process.exitCode = 1
  const lines = [
    `${isHeld ? 'held' : 'BROKEN'}: ${kind}, ${count} seeds, ${lined.toFixed(2)} in line for each slot`,
    ...wrong,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
