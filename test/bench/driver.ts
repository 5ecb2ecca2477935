/** A benchmark that plays one part that never ends, to be interrupted. */
import { join } from 'node:path'
import { Troupe } from '../../bench/report/troupe.ts'
import { planOf } from './plan.ts'

const onlooker = {
  began: () => {},
  doing: (_: unknown, what: string) => void process.stdout.write(`${what}\n`),
  ended: () => {},
}
process.on('SIGINT', () => process.exit(130))
await new Troupe({ quick: true, seeds: undefined }, onlooker, join(import.meta.dirname, 'player.ts')).play([
  planOf('endless'),
])
