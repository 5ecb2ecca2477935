import { type Chance, exponential } from '../../../src/sim/chance.ts'

/** The models count from the number that stands last in a question to this one. So a question sets how long its answer is. */
export const countsTo = 100

/** Tokens of an answer: all lengths between these are as likely. Nobody but the model knows which it will be. */
const tokensMin = 20
const tokensMax = 60
export const meanTokens: number = (tokensMin + tokensMax) / 2

export interface Question {
  readonly text: string
  readonly answer: string
  readonly answerTokens: number
}

/** No two begin alike: the servers have to read each of them. */
export function question(number: number, chance: Chance): Question {
  return questionOf(number, tokensMin + Math.floor(chance() * (tokensMax - tokensMin + 1)))
}

export function questionOf(number: number, answerTokens: number): Question {
  const from = countsTo - answerTokens
  const answer = Array.from({ length: answerTokens }, (_, index) => ` ${from + 1 + index}`).join('')
  return { text: `${number}: ${from}`, answer, answerTokens }
}

/** When each of them comes, in milliseconds: so many a second on average, and nobody waits for anybody. */
export function arrivals(perSecond: number, lengthMs: number, chance: Chance): number[] {
  const times: number[] = []
  for (let at = exponential(chance, 1_000 / perSecond); at < lengthMs; at += exponential(chance, 1_000 / perSecond))
    times.push(at)
  return times
}
