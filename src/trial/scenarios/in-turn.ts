import type { Question } from '../question.ts'
import type { Sample } from '../sample.ts'
import type { Target } from '../target.ts'

/** Several servers without anybody before them who knows better: each is asked in its turn, as DNS and simple proxies do. */
export class InTurn implements Target {
  readonly #servers: readonly (readonly [name: string, target: Target])[]
  #asked = 0

  constructor(servers: ReadonlyMap<string, Target>) {
    this.#servers = [...servers]
  }

  get names(): readonly string[] {
    return this.#servers.map(([name]) => name)
  }

  ask(question: Question, signal: AbortSignal): Promise<Sample> {
    this.#asked += 1
    return this.#askThe(this.#asked % this.#servers.length, question, signal)
  }

  /** Asks the one that is named, or else the first. */
  askAt(name: string | undefined, question: Question, signal: AbortSignal): Promise<Sample> {
    const at = this.#servers.findIndex(([known]) => known === name)
    return this.#askThe(Math.max(0, at), question, signal)
  }

  async #askThe(index: number, question: Question, signal: AbortSignal): Promise<Sample> {
    const [upstream, target] = this.#servers[index]!
    return { ...(await target.ask(question, signal)), upstream }
  }
}
