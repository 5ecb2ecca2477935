import { setTimeout as wait } from 'node:timers/promises'
import { json } from '../replica.ts'
import { anthropicSdk } from '../speakers/anthropic.ts'
import { ollamaChat } from '../speakers/ollama.ts'
import { openAiChat } from '../speakers/openai.ts'
import type { Speaker } from '../speakers/speaker.ts'

export const model = 'real'
const question = 'hello world'
const speakers = [openAiChat, anthropicSdk, ollamaChat, openAiChat]

/** What a model says to the question, by how many tokens it may say. */
export type Script = ReadonlyMap<number, string>

/** @param limits asked for in turn; several, so that servers get out of step. */
export async function scriptOf(origin: string, limits: readonly number[]): Promise<Script> {
  const script = new Map<number, string>()
  for (const limit of limits) {
    const body = { model, max_tokens: limit, messages: [{ role: 'user', content: question }] }
    script.set(limit, (await json(origin, '/v1/chat/completions', { body })).choices[0].message.content as string)
  }
  return script
}

/** One answer, as the user of a client library had it. Times are those of `performance.now`. */
export interface Heard {
  readonly client: string
  readonly streamed: boolean
  readonly startedAt: number
  /** Undefined when not a word came. */
  readonly firstAt: number | undefined
  readonly endedAt: number
  /** What the library raised; undefined when it took the answer for a whole one. */
  readonly error: Error | undefined
  /** Word for word what the model says. */
  readonly right: boolean
}

export interface CrowdOptions {
  readonly callers: number
  /** Of so many callers one wants its answers in one piece; 0 for none. */
  readonly wholeOneIn: number
}

/** Callers who ask again as soon as they have been answered, each with a library that tries nothing again by itself. */
export class Crowd {
  readonly heard: Heard[] = []
  readonly #url: string
  readonly #script: Script
  readonly #callers: Promise<void>[] = []
  #over = false

  constructor(url: string, script: Script, { callers, wholeOneIn }: CrowdOptions) {
    this.#url = url
    this.#script = script
    for (let caller = 0; caller < callers; caller += 1)
      this.#callers.push(this.#live(caller, wholeOneIn === 0 || caller % wholeOneIn !== 1))
  }

  /** All that was heard, once everybody has heard what they had asked for. */
  async end(): Promise<readonly Heard[]> {
    this.#over = true
    await Promise.all(this.#callers)
    return this.heard
  }

  async #live(caller: number, streamed: boolean): Promise<void> {
    const limits = [...this.#script.keys()]
    for (let asked = caller; !this.#over; asked += 1) {
      const one = await this.#ask(speakers[caller % speakers.length]!, limits[asked % limits.length]!, streamed)
      this.heard.push(one)
      // Nobody hammers on what refuses.
      if (one.error !== undefined) await wait(50)
    }
  }

  async #ask({ name: client, chat, stream }: Speaker, limit: number, streamed: boolean): Promise<Heard> {
    const startedAt = performance.now()
    let firstAt: number | undefined
    const onWord = (): void => void (firstAt ??= performance.now())
    const told = { client, streamed, startedAt }
    try {
      const text = await (streamed ? stream : chat)(this.#url, question, { model, limit, onWord })
      const endedAt = performance.now()
      const right = text === this.#script.get(limit)
      return { ...told, firstAt: firstAt ?? endedAt, endedAt, error: undefined, right }
    } catch (error) {
      return { ...told, firstAt, endedAt: performance.now(), error: error as Error, right: false }
    }
  }
}

export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}
