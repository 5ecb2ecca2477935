/** Processes of a ledger that are killed at work, for the night: `node test/ledger/kill-campaign.ts 1000 [first seed]`. */
import { killAgainAndAgain, type Kills } from './kills.ts'

const [count = 100, first = 1] = process.argv.slice(2).map(Number)
const each = 50
const rounds: Kills[] = []
for (let done = 0; done < count; done += 2 * each) {
  const seeds = [first + rounds.length, first + rounds.length + 1]
  rounds.push(...(await Promise.all(seeds.map((seed) => killAgainAndAgain(each, seed)))))
}
const sum = (of: (round: Kills) => number): number => rounds.reduce((all, round) => all + of(round), 0)
const wrong = rounds.flatMap((round) => round.wrong)
const readyMs = rounds.flatMap((round) => round.readyMs).sort((one, other) => one - other)
process.stdout.write(
  `${sum(({ kills }) => kills)} kills, ${sum(({ whole }) => whole)} answers seen whole, ${sum(({ paid }) => paid)} of them paid, ` +
    `${sum(({ orphans }) => orphans)} ended by others; ready again after p50 ${readyMs[readyMs.length >> 1]} ms, ` +
    `at most ${readyMs.at(-1)} ms; ${wrong.length} wrong\n`,
)
for (const sentence of wrong) process.stdout.write(`${sentence}\n`)
if (wrong.length > 0 || readyMs.at(-1)! > 1_000) process.exitCode = 1
