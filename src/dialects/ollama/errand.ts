import type { Errand } from '../../core/ask.ts'
import type { AnswerAbout } from '../../core/dialect.ts'
import type { Json } from '../../core/json.ts'
import { dateOf } from './ending.ts'

/** A duration as Go spells nothing: `0`, `0s`, `-0.0h0m`. */
const zeroDuration = /^[+-]?(?:0|(?:(?:0+(?:\.0*)?|\.0+)(?:ns|us|µs|μs|ms|s|m|h))+)$/

/** What is asked for without a word: that the model be brought into memory, or out of it by a `keep_alive` of nothing. */
export function errandFor(keepAlive: unknown): Errand {
  const isZero = typeof keepAlive === 'string' ? zeroDuration.test(keepAlive) : keepAlive === 0
  return isZero ? 'unload' : 'load'
}

/** `said` is what stands where an answer would. */
export function errandDone(errand: Errand, about: AnswerAbout, said: Json): Json {
  return { model: about.model, created_at: dateOf(about), ...said, done: true, done_reason: errand }
}
