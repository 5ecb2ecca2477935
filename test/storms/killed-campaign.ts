/** Five hundred requests a second while one of two servers is killed every five: `node test/storms/killed-campaign.ts SECONDS`. */
import { killedServers } from './killed-servers.ts'
import { quantile } from './quantile.ts'

const [seconds = 20] = process.argv.slice(2).map(Number)
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const closings: (() => unknown)[] = []
const report = await killedServers(
  { after: (close) => void closings.unshift(close) },
  { seconds, perSecond: 500, everyMs: 5_000 },
)
for (const close of closings) await close()

const { kills, asked, tookMs, aroundMs, failed, broken, wrong } = report
const told = (all: readonly number[]): string => {
  const sorted = all.toSorted((one, other) => one - other)
  return [0.5, 0.99].map((share) => `${quantile(sorted, share).toFixed(0)} ms`).join(', ')
}
say(`${asked} asked in ${seconds} s, ${kills} servers killed; ${broken} streams that had begun were told so.`)
say(`p50, p99: ${told(tookMs)}; in the second after a kill ${told(aroundMs)}.`)
for (const [why, times] of Map.groupBy(failed, (text) => text)) say(`${times.length} × ${why}`)
if (wrong > 0) say(`${wrong} answers were taken for whole and were not.`)
if (failed.length + wrong > 0 || kills === 0) process.exitCode = 1
