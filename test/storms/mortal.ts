/** A simulated server in a process of its own, that can be killed: `node test/storms/mortal.ts HOST PORT`. */
import { SimServer } from '../../src/sim/server.ts'
import { vllmLike } from '../../src/sim/server-spec.ts'
import { listen, realClock } from '../../src/sim/sockets.ts'

const [host = '127.0.0.1', port = '0'] = process.argv.slice(2)
const engine = {
  slots: 256,
  stepMs: [
    [0, 4],
    [256, 4],
  ] as const,
  prefillTokensPerSecond: 1e6,
  loadMs: 0,
}
const { origin } = await listen(new SimServer(vllmLike({ name: host, engine }), realClock()), {
  host,
  port: Number(port),
})
process.stdout.write(`${origin}\n`)
