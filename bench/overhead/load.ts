import { closedLoop } from './load/closed-loop.ts'
import { firstFrames } from './load/first-frames.ts'
import { hangUps } from './load/hang-ups.ts'
import { openStreams } from './load/open-streams.ts'

/**
 * The callers, on raw sockets: `node bench/overhead/load.ts PORT SCENARIO OPTIONS`, the options as JSON. It prints
 * `{"event":"counting"}` when what it sees begins to count, `{"event":"counted"}` when it no longer does, and then what it saw.
 */
const [port, scenario, options] = process.argv.slice(2)
const run = {
  'closed-loop': closedLoop,
  'open-streams': openStreams,
  'first-frames': firstFrames,
  'hang-ups': hangUps,
}[scenario!]
if (run === undefined) throw new Error(`There is no load called ${scenario}.`)
const tell = (event: string): void => console.log(JSON.stringify({ event }))
const seen = await run(Number(port), JSON.parse(options ?? '{}'), tell)
console.log(JSON.stringify({ event: 'seen', ...seen }))
// Whoever measures may still be counting the CPU of all that is alive.
setTimeout(() => process.exit(0), 200)
