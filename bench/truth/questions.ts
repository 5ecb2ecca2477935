import { type Chance, chanceOf, exponential, logNormal, pick } from '../../src/sim/chance.ts'

/** The model says the numbers from the last one in a question up to this one. So a question sets how long its answer is. */
export const countsTo = 240

/** Somebody who asks: how often beside the others, how patiently, and how much. */
export interface Asker {
  readonly name: string
  readonly key: string
  readonly share: number
  readonly priority: 'interactive' | 'default' | 'batch'
  readonly patienceMs: number
  readonly promptTokens: number
  readonly answerTokens: number
}

/** People, programs that work for them, and what has time: with all three in line, a gateway has something to decide. */
export const askers: readonly Asker[] = [
  { name: 'chat-ui', share: 5, priority: 'interactive', patienceMs: 1_000, promptTokens: 30, answerTokens: 30 },
  { name: 'agents', share: 4, priority: 'default', patienceMs: 1_600, promptTokens: 100, answerTokens: 20 },
  { name: 'nightly', share: 2, priority: 'batch', patienceMs: 3_000, promptTokens: 60, answerTokens: 45 },
].map((asker) => ({ ...asker, key: `key-of-${asker.name}` }) as Asker)

export interface Question {
  readonly atMs: number
  readonly by: Asker
  readonly text: string
  readonly answer: string
}

export interface Hour {
  readonly lengthMs: number
  /** What the server answers in a second when all of its slots are busy. */
  readonly perSecond: number
  readonly seed: number
}

/**
 * Of what the server can do, over the hour from 0 to 1: quiet, a rush a little beyond the middle that it cannot serve, quiet. So many
 * come then that the share of those who are turned away can be told from chance.
 */
const loadAt = (part: number): number => 0.45 + 2.05 * Math.exp(-(((part - 0.55) / 0.11) ** 2))

const loadMost = 2.5

/** An hour, squeezed. Nobody waits for anybody. */
export function questionsOf({ lengthMs, perSecond, seed }: Hour): Question[] {
  const when = chanceOf(seed, 'when')
  const what = chanceOf(seed, 'what')
  const all: Question[] = []
  for (let atMs = 0; ;) {
    atMs += exponential(when, 1_000 / (perSecond * loadMost))
    if (atMs >= lengthMs) return all
    if (when() * loadMost < loadAt(atMs / lengthMs)) all.push(anyQuestion(atMs, seed * 10_000 + all.length, what))
  }
}

export function anyQuestion(atMs: number, number: number, chance: Chance): Question {
  const by = pick(
    chance,
    askers.map((of) => ({ share: of.share, of })),
  )
  const prompt = within(logNormal(chance, by.promptTokens, 0.6), 8, 700)
  const tokens = within(logNormal(chance, by.answerTokens, 0.5), 4, countsTo - 1)
  return { atMs, by, ...words(number, prompt, tokens) }
}

/** No two begin alike, so the server has to read each of them. */
function words(number: number, promptTokens: number, answerTokens: number): { text: string; answer: string } {
  const from = countsTo - answerTokens
  const filler = Array.from({ length: promptTokens }, (_, index) => ` ${1 + ((number * 31 + index * 7) % countsTo)}`)
  const answer = Array.from({ length: answerTokens }, (_, index) => ` ${from + 1 + index}`).join('')
  return { text: `${number}:${filler.join('')} ${from}`, answer }
}

const within = (value: number, least: number, most: number): number =>
  Math.min(Math.max(Math.round(value), least), most)
