import type { Prompt } from '../core/prompt.ts'

/** What is asked of a server to see how it does. */
export interface Question {
  readonly text: string
  /** The answer ends here at the latest. */
  readonly outputTokens: number
}

/** A question as a request in neutral form, streamed. */
export const promptOf = ({ text, outputTokens }: Question, model: string): Prompt => ({
  model,
  messages: [
    { role: 'user', content: [{ type: 'text', text }], toolCalls: [], toolCallId: undefined, name: undefined },
  ],
  stream: true,
  outputTokensMax: outputTokens,
  // The likeliest word each time, so that what is compared is not chance.
  sampling: { temperature: 0 },
  stop: [],
  tools: [],
  toolChoice: undefined,
  parallelTools: undefined,
  format: undefined,
  reasoning: undefined,
  user: undefined,
})

export interface QuestionsOptions {
  /** At least 0, below 1. */
  readonly random: () => number
  readonly promptTokens: number
  /** On average; they are spread evenly from half of it to one and a half, so that answers do not all end at once. */
  readonly outputTokens: number
}

const words = 'river stone lantern copper meadow signal harbor velvet orbit timber canyon marble'.split(' ')

/**
 * Questions of about one size that no server has seen before, so that none is answered out of a memory of prompts, and
 * whose answers go on until they are cut off.
 */
export class Questions {
  readonly #options: QuestionsOptions
  #tokensPerWord = 1.4
  /** What the template around a prompt adds, and the sentence in front of it. */
  #otherTokens = 30
  #asked = 0

  constructor(options: QuestionsOptions) {
    this.#options = options
  }

  /** The next one. */
  readonly next = (): Question => {
    const { promptTokens, outputTokens } = this.#options
    this.#asked += 1
    // By the golden ratio: any few in a row are spread as evenly as many.
    const spread = 0.5 + ((this.#asked * 0.618_034) % 1)
    const count = Math.max(0, Math.round((promptTokens - this.#otherTokens) / this.#tokensPerWord))
    return { text: this.textOf(count), outputTokens: Math.max(2, Math.round(outputTokens * spread)) }
  }

  /** With so many words beside what it asks. */
  textOf(count: number): string {
    const { random } = this.#options
    const start = 1 + Math.floor(random() * 1e9)
    let noise = ''
    for (let index = 0; index < count; index += 1) noise += ` ${words[Math.floor(random() * words.length)]!}`
    // What differs stands first: everything behind it has to be read anew.
    return `${start}: count on from here without end; say 9999 words.${noise}`
  }

  /** How many tokens this model made of two questions, one with no words and one with so many. */
  learn(bare: number, count: number, full: number): void {
    if (bare <= 0 || full <= bare) return
    this.#otherTokens = bare
    this.#tokensPerWord = (full - bare) / count
  }
}
