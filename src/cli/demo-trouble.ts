import { type Chance, chanceOf } from '../sim/chance.ts'
import type { SimServer } from '../sim/server.ts'

/** From the start to the first trouble, from one to the next, and how long one lasts. */
const firstAfterMs = 15_000
const everyMs = 40_000
const forMs = 10_000

const kinds = ['crash', 'hang'] as const

type Kind = (typeof kinds)[number]

/** What was done to a server on purpose, and when, in milliseconds since the demo began. */
export interface Mishap {
  readonly server: string
  readonly kind: Kind
  readonly atMs: number
  readonly overAtMs: number
}

/** Lets one server after another crash or hang for a while, so that it can be seen what becomes of the requests. */
export class DemoTrouble {
  readonly #servers: readonly SimServer[]
  readonly #tell: (mishap: Mishap) => void
  readonly #chance: Chance
  readonly #beganAt = performance.now()
  #latest: Mishap | undefined
  #end: () => void = () => {}
  #timer: NodeJS.Timeout | undefined

  constructor(servers: readonly SimServer[], tell: (mishap: Mishap) => void, seed = 14) {
    this.#servers = servers
    this.#tell = tell
    this.#chance = chanceOf(seed, 'mishaps')
  }

  /** The one that is under way or was last. */
  get latest(): Mishap | undefined {
    return this.#latest
  }

  get nowMs(): number {
    return performance.now() - this.#beganAt
  }

  start(): void {
    this.#timer = setTimeout(this.#begin, firstAfterMs)
  }

  /** Whatever is broken is whole again. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#end()
  }

  readonly #begin = (): void => {
    const server = this.#pick(this.#servers)
    const kind = this.#pick(kinds)
    const { nowMs: atMs } = this
    const mishap: Mishap = { server: server.spec.name, kind, atMs, overAtMs: atMs + forMs }
    this.#latest = mishap
    if (kind === 'crash') server.crash()
    else server.freeze()
    this.#tell(mishap)
    this.#end = () => {
      this.#end = () => {}
      if (kind === 'crash') server.restart()
      else server.thaw()
    }
    this.#timer = setTimeout(() => {
      this.#end()
      this.#tell(mishap)
      this.#timer = setTimeout(this.#begin, everyMs - forMs)
    }, forMs)
  }

  #pick<One>(from: readonly One[]): One {
    return from[Math.floor(this.#chance() * from.length)]!
  }
}

const did = {
  crash: { begun: (server: string) => `crashed ${server}`, over: 'started it again', coming: 'starts it again' },
  hang: { begun: (server: string) => `made ${server} hang`, over: 'let it go on', coming: 'lets it go on' },
} as const

/** In a line: what the demo did, when, and when that is over. */
export function mishapLine({ server, kind, atMs, overAtMs }: Mishap, nowMs: number): string {
  const { begun, over, coming } = did[kind]
  const end =
    nowMs >= overAtMs ? `${over} ${seconds(nowMs - overAtMs)} ago` : `${coming} in ${seconds(overAtMs - nowMs)}`
  return `The demo ${begun(server)} ${seconds(nowMs - atMs)} ago, and ${end}.`
}

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`
