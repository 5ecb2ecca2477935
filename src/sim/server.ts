import { type Inbound, NetFault, type Outbound } from '../core/world.ts'
import type { Question } from './answer.ts'
import type { Bill } from './bills.ts'
import { saidBy } from './bodies.ts'
import { type Chance, chanceOf, spreadAround } from './chance.ts'
import { Engine } from './engine.ts'
import { type Fate, fateOf, type Faults } from './faults.ts'
import type { Job, JobEnding, Load } from './job.ts'
import type { Clock } from './labor.ts'
import { emptyLedger, type Ledger } from './ledger.ts'
import type { Bringing, Host, Manner, Route } from './manner.ts'
import { manners } from './manners/index.ts'
import type { Pipe } from './pipe.ts'
import { textResponse } from './responses.ts'
import type { ServerSpec } from './server-spec.ts'
import type { Grain } from './steps.ts'
import { type Scribe, Telling } from './telling.ts'
import type { Station } from './world.ts'

/**
 * An inference server made of arithmetic, that speaks the wire of the server it acts like and fails in the ways such
 * servers fail. It needs a clock and nothing else, so it runs in virtual time and behind a real socket alike.
 */
export class SimServer implements Station {
  readonly spec: ServerSpec
  readonly ledger: Ledger = emptyLedger()
  /** For every request that it took, where somebody wants to know. */
  bills: Bill[] | undefined
  /** Chances of what goes wrong with a request; may be changed at any time. */
  faults: Faults
  readonly #clock: Clock
  readonly #grain: Grain
  readonly #engine: Engine
  readonly #manner: Manner
  readonly #fates: Chance
  readonly #tears: Chance
  readonly #ways: Chance
  /** Told when it goes down and comes up again. */
  readonly #onPower = new Set<(up: boolean) => void>()
  /** What was said under an id, where a server keeps that. */
  readonly #kept = new Map<string, string>()
  #up = true
  #readyAt = 0
  #answers = 0

  constructor(spec: ServerSpec, clock: Clock, seed = 0, grain: Grain = 'token') {
    this.spec = spec
    this.faults = spec.faults
    this.#clock = clock
    this.#grain = grain
    this.#engine = new Engine(spec.engine, clock, this.ledger, grain)
    this.#manner = manners[spec.kind]
    this.#fates = chanceOf(seed, `fates of ${spec.name}`)
    this.#tears = chanceOf(seed, `tears of ${spec.name}`)
    this.#ways = chanceOf(seed, `ways to ${spec.name}`)
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

  /** How much it has in hand, and how much stands in line inside. */
  get load(): Load {
    return this.#engine.load()
  }

  /** Does a piece of work that came past the gateway; tells how it ended. */
  work(work: Pick<Job, 'model' | 'promptTokens' | 'outputTokens' | 'keepMs'>): Promise<JobEnding> {
    return new Promise((onEnd) => void this.#engine.submit({ ...work, blocks: [], isWhole: true, onToken() {}, onEnd }))
  }

  /** Answers one HTTP request. */
  async send(out: Outbound): Promise<Inbound> {
    const { networkMs, networkSpread } = this.spec
    if (networkMs > 0) await this.#clock.sleep(spreadAround(networkMs, networkSpread, this.#ways), out.signal)
    if (out.signal?.aborted === true) throw new NetFault('aborted', 'The caller hung up.')
    if (!this.#up) throw new NetFault('refused', 'Nobody listens.', { unsent: true })
    const answer = this.#answer(out)
    const { headers } = this.#manner
    if (headers === undefined) return answer
    const inbound = await answer
    return { ...inbound, headers: { ...inbound.headers, ...headers(inbound.status) } }
  }

  #answer(out: Outbound): Inbound | Promise<Inbound> {
    const manner = this.#manner
    const [path = '', query = ''] = out.path.split('?', 2)
    if (manner.whileLoading !== undefined && this.#clock.now() < this.#readyAt) return manner.whileLoading()
    if (manner.open?.has(path) !== true && !this.#knows(out)) return manner.error(401, 'Incorrect API key provided.')
    const name = `${out.method} ${path}`
    const found = manner.routes[name] === undefined ? this.#routeFor(name) : { route: manner.routes[name], rest: '' }
    if (found === undefined) {
      const isElsewhere = Object.keys(manner.routes).some((known) => known.endsWith(` ${path}`))
      return isElsewhere ? manner.error(manner.wrongMethod, 'Method Not Allowed') : manner.error(404, 'Not Found')
    }
    const body = parsed(out.body)
    if (body === undefined) return manner.error(400, 'The body is not a JSON object.')
    const request = { body, query, headers: out.headers, rest: found.rest }
    if (!isForAnswer(name)) return found.route(this.#hostFor(fine, out.signal), request)
    this.ledger.asked += 1
    const fate = fateOf(this.faults, this.#fates)
    switch (fate.before) {
      case 'refused':
        throw new NetFault('refused', 'The connection was refused.', { unsent: true })
      case 'reset':
        this.ledger.broken += 1
        throw new NetFault('reset', 'The connection was reset.')
      default:
        return found.route(this.#hostFor(fate, out.signal), request)
    }
  }

  /** A route that stands for all paths that begin like it. */
  #routeFor(name: string): { route: Route; rest: string } | undefined {
    for (const [known, route] of Object.entries(this.#manner.routes)) {
      const beginning = known.endsWith('*') ? known.slice(0, -1) : undefined
      if (beginning !== undefined && name.startsWith(beginning)) return { route, rest: name.slice(beginning.length) }
    }
    return undefined
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
    this.#readyAt = this.#clock.now() + this.spec.engine.loadMs
    this.#warm()
    for (const listen of this.#onPower) listen(true)
  }

  /** Takes requests and answers small questions, but generates nothing until it thaws: of one model, or of all. */
  freeze(model?: string): void {
    if (model === undefined) this.#engine.freeze()
    else this.#engine.freezeRunner(model)
  }

  thaw(model?: string): void {
    if (model === undefined) this.#engine.thaw()
    else this.#engine.thawRunner(model)
  }

  /** This model goes as soon as nobody uses it, and cannot be brought back; or can again. */
  setLoadable(model: string, isLoadable: boolean): void {
    if (isLoadable) this.#engine.unloadable.delete(model)
    else {
      this.#engine.unloadable.add(model)
      this.#engine.release(model)
    }
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
    for (const { name, contextTokens } of models) this.#engine.warm(name, { key: `${contextTokens}`, contextTokens })
  }

  #knows({ headers }: Outbound): boolean {
    const { key } = this.spec
    if (key === undefined) return true
    const { keyHeader } = this.#manner
    return headers.some(([name, value]) => {
      const header = name.toLowerCase()
      return header === 'authorization' ? value === `Bearer ${key}` : header === keyHeader && value === key
    })
  }

  #hostFor(fate: Fate, signal: AbortSignal | undefined): Host {
    const { spec, ledger } = this
    return {
      spec,
      ledger,
      engine: this.#engine,
      clock: this.#clock,
      kept: this.#kept,
      nextId: () => {
        this.#answers += 1
        return String(this.#answers).padStart(8, '0')
      },
      modelCalled: (name) => this.#manner.modelCalled(spec.models, name),
      refuse: (wording) => {
        ledger.refused += 1
        return textResponse(wording)
      },
      tell: (question, scribe) => this.#tell(question, scribe, fate, signal),
      bring: (model, about) => this.#bring(model, about, signal),
    }
  }

  #tell(question: Question, scribe: Scribe, fate: Fate, signal: AbortSignal | undefined): Promise<Inbound> {
    if (fate.before === 'error500' || fate.before === 'error503') {
      this.ledger.broken += 1
      return Promise.resolve(textResponse(scribe.refusal(fate.before === 'error500' ? 500 : 503)))
    }
    const { ledger, spec } = this
    const { name } = this.#manner.modelCalled(spec.models, question.model)!
    ledger.vectors += question.texts?.length ?? 0
    const onBill = (bill: Bill): void => void this.bills?.push(bill)
    const parts = {
      engine: this.#engine,
      clock: this.#clock,
      ledger,
      fate,
      write: this.#write,
      pingMs: spec.pingMs,
      joinsEnd: this.#grain === 'coarse',
      onBill,
    }
    return new Telling({ ...question, model: name }, scribe, signal, parts).inbound
  }

  #bring(model: string, { setting, keepMs, detached }: Bringing = {}, signal?: AbortSignal): Promise<JobEnding> {
    const { promise, resolve, reject } = Promise.withResolvers<JobEnding>()
    const onGone = (): void => {
      if (detached !== true) this.#engine.drop(run)
      reject(new NetFault('aborted', 'The caller hung up.'))
    }
    const onEnd = (ending: JobEnding): void => {
      signal?.removeEventListener('abort', onGone)
      if (ending === 'crashed') reject(new NetFault('reset', 'The connection was reset.'))
      else resolve(ending)
    }
    signal?.addEventListener('abort', onGone, { once: true })
    const job = { model, promptTokens: 0, blocks: [], outputTokens: 0, setting, keepMs, onToken() {}, onEnd }
    const run = this.#engine.submit(job)
    return promise
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

/** The routes that faults befall, whichever server they belong to. */
const answering =
  /^POST .*\/(?:api\/(?:chat|generate|embed|embeddings)|v1\/(?:chat\/completions|completions|embeddings|responses|messages))$/

const isForAnswer = (name: string): boolean => answering.test(name)

const fine: Fate = { before: undefined, breaksAfter: Infinity, breaksBy: 'reset' }

function parsed(body: Uint8Array | undefined): Record<string, unknown> | undefined {
  if (body === undefined || body.length === 0) return {}
  const said = saidBy(body)
  if (said !== undefined) return said
  try {
    const value: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
