import { simulate } from '../../src/sim/run.ts'
import { mixOf, simulationOf } from './mixes.ts'

/**
 * Many seeds, for the night: `node test/sim/campaign.ts 10000 [first seed]`. A seed that fails is run again with
 * `node test/sim/campaign.ts 1 SEED`, and stays in regressions.test.ts with the sentence that was false.
 */
const [count = 100, first = 1] = process.argv.slice(2).map(Number)
const requests = 80

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const failed: number[] = []
for (let seed = first; seed < first + count; seed += 1) {
  try {
    const { digest } = await simulate(simulationOf(seed, requests))
    // One in a hundred is run twice: a history that cannot be repeated is worth nothing.
    if (seed % 100 === 0 && (await simulate(simulationOf(seed, requests))).digest !== digest)
      throw new Error('One seed, two histories.')
  } catch (error) {
    failed.push(seed)
    say(`${mixOf(seed)}: ${error instanceof Error ? error.message : String(error)}`)
    say(`  again: node test/sim/campaign.ts 1 ${seed}`)
  }
}
say(`${count - failed.length} passed, ${failed.length} failed${failed.length > 0 ? `: ${failed.join(' ')}` : ''}`)
if (failed.length > 0) process.exitCode = 1
