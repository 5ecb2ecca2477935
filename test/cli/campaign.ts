import type { Ends } from '../../src/cli/process.test-helper.ts'
import type { Fate } from './crowd.ts'

/** As many streams all the while as a busy afternoon has. */
export const crowded = { streams: 200, tempo: { words: 30, wordMs: 150 } } as const

interface Told extends Fate {
  readonly tookMs: readonly number[]
  readonly wrong?: readonly string[]
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Runs it, closes what it opened, and tells what came of it; any stream that was hurt is a failure. */
export async function campaign(run: (t: Ends) => Promise<Told>): Promise<void> {
  const closings: (() => unknown)[] = []
  const { whole, reused, failures, tookMs, wrong = [] } = await run({ after: (close) => void closings.push(close) })
  for (const close of closings.toReversed()) await close()
  const sorted = tookMs.toSorted((a, b) => a - b)
  const at = (share: number): string => `${Math.round(sorted[Math.ceil(share * sorted.length) - 1]!)} ms`
  say(`${tookMs.length} times: p50 ${at(0.5)}, p99 ${at(0.99)}, at most ${at(1)}.`)
  say(`Streams: ${whole} whole, ${reused} of all on a connection that had been used before, ${failures.length} hurt.`)
  const sentences = [...failures, ...wrong]
  for (const [sentence, times] of Map.groupBy(sentences, (text) => text)) say(`${times.length} × ${sentence}`)
  if (sentences.length > 0 || whole === 0) process.exitCode = 1
}
