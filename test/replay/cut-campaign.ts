import { availableParallelism } from 'node:os'
import { everyFixture } from '../conformance/fixtures.ts'
import { Cutter } from './cutter.ts'
import { scenesOf } from './scenes.ts'

/**
 * Recorded streams, whole and not shortened, cut at every byte on the way to every caller:
 * `node test/replay/cut-campaign.ts [places in each stream] [part of a name]`. Where a stream has more bytes than places,
 * the places are spread over it.
 */
const [most = '3000', wanted = ''] = process.argv.slice(2)

const streams = everyFixture().filter(
  (exchange) =>
    exchange.isStream && exchange.status === 200 && exchange.name.includes(wanted) && scenesOf(exchange).length > 0,
)
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const startedAt = performance.now()
let cuts = 0
let failures = 0

async function work(cutter: Cutter): Promise<void> {
  for (let exchange = streams.shift(); exchange !== undefined; exchange = streams.shift()) {
    const { length } = exchange.body
    const places = Math.min(length + 1, Number(most))
    const offsets = Array.from({ length: places }, (_, at) => Math.round((at * length) / (places - 1)))
    try {
      await cutter.cut({ name: exchange.name, isShort: false, offsets, strideWhole: 1 })
      cuts += places * scenesOf(exchange).length
    } catch (error) {
      failures += 1
      say((error as Error).message)
    }
  }
  cutter.close()
}

await Promise.all(Array.from({ length: availableParallelism() }, () => work(new Cutter())))
const seconds = Math.round((performance.now() - startedAt) / 1_000)
say(`${cuts} cuts in ${seconds} s, ${failures} streams heard otherwise`)
process.exitCode = failures === 0 ? 0 : 1
