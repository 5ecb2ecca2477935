import { llamacppLike } from '../../src/sim/server-spec.ts'
import { SimServer } from '../../src/sim/server.ts'
import { listen, type Listening } from '../../src/sim/sockets.ts'
import { pacedClock } from '../virtual/sockets/paced.ts'
import type { Fault } from './faults.ts'

export interface PairOptions {
  /** Between two tokens, however many there are at once. */
  readonly stepMs: number
  /** Until the prompt is read; from one to the next it differs by a tenth. */
  readonly readMs: number
  /** Everybody's time passes so many times faster. */
  readonly speed: number
}

/** Two servers behind sockets, of which the first is the one that gets into trouble. */
export class Pair {
  readonly speed: number
  /** When each request came to the one in trouble, and when to the other, by its id. */
  readonly cameToFaulty: Map<string, number> = new Map()
  readonly cameToOther: Map<string, number> = new Map()
  readonly #faulty: SimServer
  #doors: readonly Listening[] = []
  #trouble: Fault | undefined
  #asked = 0

  static async open({ stepMs, readMs, speed }: PairOptions): Promise<Pair> {
    const clock = pacedClock(speed)
    const steps = [[0, stepMs] as const, [100, stepMs] as const]
    const engine = { slots: 8, loadMs: 0, cacheBlocks: 0, prefillTokensPerSecond: 1_000_000, stepMs: steps }
    const [faulty, other] = ['one', 'two'].map((name) => new SimServer(llamacppLike({ name, engine }), clock)) as [
      SimServer,
      SimServer,
    ]
    const pair = new Pair(faulty, speed)
    pair.#tap(faulty, (id) => pair.#trouble !== undefined && pair.cameToFaulty.set(id, pair.now()), readMs)
    pair.#tap(other, (id) => pair.cameToOther.set(id, pair.now()), readMs)
    pair.#doors = await Promise.all([faulty, other].map((server) => listen(server)))
    return pair
  }

  private constructor(faulty: SimServer, speed: number) {
    this.#faulty = faulty
    this.speed = speed
  }

  get origins(): readonly string[] {
    return this.#doors.map(({ origin }) => origin)
  }

  now(): number {
    return performance.now() * this.speed
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void setTimeout(resolve, ms / this.speed))
  }

  begin(fault: Fault): void {
    this.#trouble = fault
    fault.begin(this.#faulty)
  }

  /** It is well again, and there. */
  async end(fault: Fault): Promise<void> {
    fault.end(this.#faulty)
    this.#trouble = undefined
    while (!(await fetch(`${this.origins[0]}/v1/models`).then(isOk, () => false))) await this.sleep(2)
  }

  async close(): Promise<void> {
    await Promise.all(this.#doors.map((door) => door.close()))
  }

  /** Sees who comes, and has prompts take their time. */
  #tap(server: SimServer, see: (id: string) => void, readMs: number): void {
    const send = server.send.bind(server)
    server.send = async (out) => {
      const id = /#([\w-]+)#/.exec(Buffer.from(out.body ?? []).toString('latin1'))?.[1]
      if (id === undefined) return send(out)
      see(id)
      const times = server === this.#faulty ? (this.#trouble?.times ?? 1) : 1
      if (readMs > 0) await this.sleep(readMs * times * (0.9 + 0.2 * (((this.#asked += 1) * goldenRatio) % 1)))
      return send(out)
    }
  }
}

const goldenRatio = 0.618

async function isOk(response: Response): Promise<boolean> {
  await response.arrayBuffer()
  return response.ok
}
