import type { Resumed } from '../../src/core/event.ts'
import { resuming } from './resuming.ts'

/** Streams that break and are carried on, many times: `node test/sim/resume-campaign.ts 1000 [first seed]`. */
const [count = 100, first = 1] = process.argv.slice(2).map(Number)

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const sums: Partial<Record<Resumed | 'whole' | 'broken', number>> = {}
const add = (name: keyof typeof sums, more: number): void => void (sums[name] = (sums[name] ?? 0) + more)

const failed: number[] = []
for (let seed = first; seed < first + count; seed += 1) {
  try {
    const { report, outcomes } = await resuming(seed)
    for (const [outcome, times] of Object.entries(outcomes)) add(outcome as Resumed, times)
    add('whole', report.whole)
    add('broken', report.broken)
  } catch (error) {
    failed.push(seed)
    say(error instanceof Error ? error.message : String(error))
    say(`  again: node test/sim/resume-campaign.ts 1 ${seed}`)
  }
}
say(`what became of streams that broke: ${JSON.stringify(sums)}`)
say(`${count - failed.length} passed, ${failed.length} failed${failed.length > 0 ? `: ${failed.join(' ')}` : ''}`)
if (failed.length > 0) process.exitCode = 1
