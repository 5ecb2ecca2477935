import { mostFor, outputTokensFor, type Price } from '../core/money.ts'
import type { Wanted } from '../core/purse.ts'

/** What the size of a try depends on, beside the money there is. */
export interface Manner {
  readonly price: Price
  /** The longest answer for money, where a caller does not say. */
  readonly outputTokensMost: number
  /** Times its guess, a prompt is hardly ever counted longer. */
  readonly promptFactor: number
  /** Hardly any answer is longer; undefined where nobody knows. */
  readonly longest: number | undefined
}

interface Means extends Manner {
  /** What may be set aside now, of the account that has least. */
  readonly roomNano: number
  /** What one request may cost at most, however much there is; undefined for no bound. */
  readonly mostNano?: number | undefined
}

/** A try as it can be paid for. */
export interface Terms {
  readonly nano: number
  /** Of each answer. */
  readonly outputTokensMax: number
}

/** The longest answer that is paid for where neither its caller nor the configuration says. */
export const usualOutputTokens = 8_192

/** Beside the margin: what a chat template adds to a short prompt. */
const templateTokens = 64
/** What a picture or a sound comes to depends on the model, by far more than any text. */
const mediaFactor = 4
/** As long as so many like it could be paid for at once, nothing is cut. */
const fairPart = 8
/** Where it is cut, so much is left to it all the same, if there is money for it. */
const roomyTokens = 4_096
const roomyTimes = 2
/** A sentence or two. What is shorter is no answer, unless no more was asked for. */
const leastTokens = 64
/** No model writes more at once, whatever a caller allows. */
const outputTokensEnd = 1_000_000

/**
 * The size of a try. What is reserved is what the server is told to keep to, so that what was set aside is never passed; and
 * what is asked for is often a hundred times what is needed (`max_tokens: 32000`), so that to set aside all of it would keep
 * a small budget from everybody else. Where the budget is short, less is reserved and allowed: a fair part of what is left,
 * and no less than twice what nearly all answers come to. Undefined where what is left does not pay for it.
 */
export function termsFor(wanted: Wanted, means: Means): Terms | undefined {
  const { price, mostNano = Infinity, longest = 0 } = means
  // Where nothing bounds it, no more than can be counted may be set aside all the same.
  const roomNano = Math.min(means.roomNano, Number.MAX_SAFE_INTEGER)
  const sized = sizeOf(wanted, means)
  const { promptTokens, asked, answers } = sized
  const whole = mostOf(sized, asked, price)
  const fair = Math.min(Math.floor(roomNano / fairPart), mostNano)
  if (whole <= fair) return { nano: whole, outputTokensMax: asked }
  const all = Math.min(roomNano, mostNano)
  if (wanted.clamp === false || asked === 0) return whole <= all ? { nano: whole, outputTokensMax: asked } : undefined
  const buys = (nano: number): number => Math.floor(outputTokensFor(nano, promptTokens, price) / answers)
  const enough = Math.max(buys(fair), roomyTokens, roomyTimes * longest)
  const outputTokensMax = Math.max(worth(asked), Math.min(asked, enough, buys(all)))
  const nano = mostOf(sized, outputTokensMax, price)
  return nano <= all ? { nano, outputTokensMax } : undefined
}

/** What it needs at the least: an account that has less cannot pay for it, however little it is cut to. */
export function leastFor(wanted: Wanted, means: Manner): number {
  const sized = sizeOf(wanted, means)
  return mostOf(sized, wanted.clamp === false ? sized.asked : worth(sized.asked), means.price)
}

interface Sized {
  readonly promptTokens: number
  /** Of each answer. */
  readonly asked: number
  readonly answers: number
}

function sizeOf(wanted: Wanted, { outputTokensMost, promptFactor }: Manner): Sized {
  const { needs, outputTokensMax = outputTokensMost, answers = 1 } = wanted
  const factor = needs.includes('vision') || needs.includes('audio') ? mediaFactor : promptFactor
  return {
    promptTokens: Math.ceil(wanted.promptTokens * factor) + templateTokens,
    asked: needs.includes('vectors') ? 0 : Math.min(outputTokensMax, outputTokensEnd),
    answers,
  }
}

const worth = (asked: number): number => Math.min(leastTokens, Math.ceil(asked / 2))

const mostOf = ({ promptTokens, answers }: Sized, outputTokens: number, price: Price): number =>
  mostFor(promptTokens, outputTokens * answers, price)
