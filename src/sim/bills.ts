import type { Question } from './answer.ts'
import type { Run } from './job.ts'

/** What a server would charge for one request, by its own count. */
export class Bill {
  /** All that was asked: it tells whose it is. */
  readonly prompt: string
  readonly promptTokens: number
  /** It put an end on the wire, with its counts, and nobody had hung up until then. */
  isTold = false
  /** It said itself that it would not do it, before a word of the answer: that costs nothing. */
  isDeclined = false
  readonly #run: Run | undefined

  constructor({ prompt }: Question, promptTokens: number, run: Run | undefined) {
    this.prompt = prompt
    this.promptTokens = promptTokens
    this.#run = run
  }

  /** All it ever said, heard or not. */
  get outputTokens(): number {
    return this.#run?.said ?? 0
  }

  /** It got as far as reading what was asked. */
  get isBegun(): boolean {
    return this.#run !== undefined
  }
}
