import { type Inbound, NetFault, type Outbound } from '../core/world.ts'
import type { Question } from './answer.ts'
import { type Chance, chanceOf } from './chance.ts'
import { type Clock, Engine } from './engine.ts'
import { type Fate, fateOf, type Faults } from './faults.ts'
import { emptyLedger, type Ledger } from './ledger.ts'
import { type Host, type Manner, manners } from './manner.ts'
import type { Pipe } from './pipe.ts'
import type { ModelSpec, ServerSpec } from './server-spec.ts'
import { jsonAnswer, type Scribe, Telling } from './telling.ts'
import type { Station } from './world.ts'

/**
 * An inference server made of arithmetic, that speaks the wire of the server it acts like and fails in the ways such
 * servers fail. It needs a clock and nothing else, so it runs in virtual time and behind a real socket alike.
 */
export class SimServer implements Station {
  readonly spec: ServerSpec
  readonly ledger: Ledger = emptyLedger()
  /** Chances of what goes wrong with a request; may be changed at any time. */
  faults: Faults
  readonly #clock: Clock
  readonly #engine: Engine
  readonly #manner: Manner
  readonly #fates: Chance
  readonly #tears: Chance
  /** Told when it goes down and comes up again. */
  readonly #onPower = new Set<(up: boolean) => void>()
  #up = true
  #answers = 0

  constructor(spec: ServerSpec, clock: Clock, seed = 0) {
    this.spec = spec
    this.faults = spec.faults
    this.#clock = clock
    this.#engine = new Engine(spec.engine, clock, this.ledger)
    this.#manner = manners[spec.manner]
    this.#fates = chanceOf(seed, `fates of ${spec.name}`)
    this.#tears = chanceOf(seed, `tears of ${spec.name}`)
    this.#warm()
  }

  get up(): boolean {
    return this.#up
  }

  /** What its answers have cost so far. */
  get usd(): number {
    const { input, output } = this.spec.price
    return (this.ledger.promptTokens * input + this.ledger.outputTokens * output) / 1e6
  }

  /** Answers one HTTP request. */
  async send(out: Outbound): Promise<Inbound> {
    if (this.spec.networkMs > 0) await this.#clock.sleep(this.spec.networkMs, out.signal)
    if (out.signal?.aborted === true) throw new NetFault('aborted', 'The caller hung up.')
    if (!this.#up) throw new NetFault('refused', 'Nobody listens.', { unsent: true })
    const path = out.path.split('?', 1)[0]!
    const name = `${out.method} ${path}`
    const route = this.#manner.routes[name]
    if (!this.#knows(out)) return this.#manner.error(401, 'Incorrect API key provided.')
    if (route === undefined) {
      const isElsewhere = Object.keys(this.#manner.routes).some((known) => known.endsWith(` ${path}`))
      return isElsewhere ? this.#manner.error(405, '405 method not allowed') : this.#manner.error(404, 'Not Found')
    }
    const body = parsed(out.body)
    if (body === undefined) return this.#manner.error(400, 'The body is not a JSON object.')
    if (!this.#manner.chat.includes(name)) return route(this.#hostFor(fine, undefined), body)
    this.ledger.asked += 1
    const fate = fateOf(this.faults, this.#fates)
    switch (fate.before) {
      case 'refused':
        throw new NetFault('refused', 'The connection was refused.', { unsent: true })
      case 'reset':
        this.ledger.broken += 1
        throw new NetFault('reset', 'The connection was reset.')
      default:
        return route(this.#hostFor(fate, out.signal), body)
    }
  }

  /** Goes down with all it has in hand. */
  crash(): void {
    if (!this.#up) return
    this.#up = false
    this.ledger.crashes += 1
    this.#engine.die('crashed')
    for (const listen of this.#onPower) listen(false)
  }

  /** Comes up again, with an empty memory. */
  restart(): void {
    if (this.#up) return
    this.#up = true
    this.#warm()
    for (const listen of this.#onPower) listen(true)
  }

  /** Takes requests and answers small questions, but generates nothing until it thaws. */
  freeze(): void {
    this.#engine.freeze()
  }

  thaw(): void {
    this.#engine.thaw()
  }

  /** Everything takes that many times as long. */
  slow(times: number): void {
    this.#engine.slowness = times
  }

  onPower(listen: (up: boolean) => void): () => void {
    this.#onPower.add(listen)
    return () => void this.#onPower.delete(listen)
  }

  /** When all its models fit into memory together, they are there from the start. */
  #warm(): void {
    const { models, engine } = this.spec
    if (models.length > engine.loadedMax) return
    for (const { name } of models) this.#engine.warm(name)
  }

  #knows({ headers }: Outbound): boolean {
    const { key } = this.spec
    return (
      key === undefined ||
      headers.some(([name, value]) => name.toLowerCase() === 'authorization' && value === `Bearer ${key}`)
    )
  }

  #hostFor(fate: Fate, signal: AbortSignal | undefined): Host {
    const { spec, ledger } = this
    return {
      spec,
      loaded: this.#engine.loaded,
      epochMs: () => this.#clock.epochMs(),
      nextId: () => {
        this.#answers += 1
        return `chatcmpl-${spec.name}-${String(this.#answers).padStart(8, '0')}`
      },
      modelCalled: (name) => this.#modelCalled(name),
      refuse: (status, text) => {
        ledger.refused += 1
        return jsonAnswer(status, text)
      },
      tell: (question, scribe) => this.#tell(question, scribe, fate, signal),
    }
  }

  #tell(question: Question, scribe: Scribe, fate: Fate, signal: AbortSignal | undefined): Promise<Inbound> {
    if (fate.before === 'error500' || fate.before === 'error503') {
      const status = fate.before === 'error500' ? 500 : 503
      this.ledger.broken += 1
      return Promise.resolve(jsonAnswer(status, scribe.refusal(status)))
    }
    const { ledger, spec } = this
    const parts = { engine: this.#engine, clock: this.#clock, ledger, fate, write: this.#write, pingMs: spec.pingMs }
    return new Telling({ ...question, model: this.#modelCalled(question.model)!.name }, scribe, signal, parts).inbound
  }

  /** Ollama takes a name without its tag, in any case. */
  #modelCalled(name: string): ModelSpec | undefined {
    const exact = this.spec.models.find((model) => model.name === name)
    if (exact !== undefined || this.spec.manner !== 'ollama') return exact
    const wished = name.toLowerCase()
    return this.spec.models.find((model) => [wished, `${wished}:latest`].includes(model.name.toLowerCase()))
  }

  /** A network may hand over any bytes together or apart. */
  readonly #write = (pipe: Pipe, text: string): void => {
    const bytes = Buffer.from(text)
    if (this.spec.torn > 0 && this.#tears() < this.spec.torn) {
      const at = 1 + Math.floor(this.#tears() * (bytes.length - 1))
      pipe.write(bytes.subarray(0, at))
      pipe.write(bytes.subarray(at))
    } else pipe.write(bytes)
  }
}

const fine: Fate = { before: undefined, breaksAfter: Infinity, breaksBy: 'reset' }

function parsed(body: Uint8Array | undefined): Record<string, unknown> | undefined {
  if (body === undefined || body.length === 0) return {}
  try {
    const value: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

export const simServer = (spec: ServerSpec, clock: Clock, seed?: number): SimServer => new SimServer(spec, clock, seed)
