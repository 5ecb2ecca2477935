import type { LoadSetting } from './engine-spec.ts'
import { blocksOf, tokensIn } from './prefixes.ts'
import { hum, isHummed, sampleOf, tagOf, thoughtOf, thoughtsIn, wordOf, wordsIn } from './recital.ts'

/** What a request comes down to, whichever wire it came over. */
export interface Question {
  readonly model: string
  readonly stream: boolean
  /** All the text the server must read. */
  readonly prompt: string
  /** The last thing the user said: it settles the answer. */
  readonly asked: string
  /** Undefined: until the answer is over. Infinity: for ever. */
  readonly outputTokensMax: number | undefined
  /** The tool to call instead of an answer. */
  readonly tool: Tool | undefined
  /** JSON is wanted: of this schema, or any. */
  readonly format: { readonly schema: unknown } | undefined
  /** Thinks before it answers. */
  readonly thinks?: boolean
  /** The beginning of an answer that is to be carried on, and whether it is said once more. */
  readonly said?: string | undefined
  readonly repeats?: boolean
  /** Vectors are wanted of these, and no answer. */
  readonly texts?: readonly string[]
  readonly hasImages?: boolean
  readonly setting?: LoadSetting | undefined
  readonly keepMs?: number | undefined
}

export interface Tool {
  readonly name: string
  readonly parameters: unknown
}

/** What the server will say, known before it begins. */
export interface Answer {
  readonly tokens: number
  /** Of those, the first so many are only thought. */
  readonly thoughts: number
  readonly finish: 'stop' | 'length'
  /** The tool whose arguments the tokens are. */
  readonly toolName: string | undefined
  token(index: number): string
  /** So many of them, where all are the same. */
  readonly many?: ((tokens: number) => string) | undefined
}

export function answerTo(question: Question): Answer {
  const { asked, texts, thinks = false, said } = question
  if (texts !== undefined) return { tokens: 0, thoughts: 0, finish: 'stop', toolName: undefined, token: () => '' }
  const whole = wholeAnswer(question)
  const rest = said === undefined ? whole : carriedOn(whole, said, question.repeats ?? false)
  return cut(thinks ? afterThought(rest, asked) : rest, question)
}

function wholeAnswer({ asked, tool, format, outputTokensMax }: Question): Answer {
  const tag = tagOf(asked)
  if (tool !== undefined) return written(JSON.stringify(sampleOf(tool.parameters ?? {}, tag) ?? {}), tool.name)
  if (format !== undefined) return written(JSON.stringify(sampleOf(format.schema, tag)), undefined)
  const tokens = outputTokensMax === Infinity ? Infinity : wordsIn(asked)
  const finish = 'stop'
  if (isHummed(asked))
    return { tokens, thoughts: 0, finish, toolName: undefined, token: () => hum, many: (count) => hum.repeat(count) }
  return { tokens, thoughts: 0, finish, toolName: undefined, token: (index) => wordOf(tag, index) }
}

/** Text in pieces of about a token each. */
function written(text: string, toolName: string | undefined): Answer {
  const pieces = text.match(/[\s\S]{1,4}/g) ?? ['']
  return { tokens: pieces.length, thoughts: 0, finish: 'stop', toolName, token: (index) => pieces[index] ?? '' }
}

/** What is left of the answer when so much of it has been said. Who was told something else says all of it. */
function carriedOn(answer: Answer, said: string, repeats: boolean): Answer {
  let index = 0
  let left = said
  while (left !== '' && index < answer.tokens) {
    const token = answer.token(index)
    if (!left.startsWith(token)) break
    left = left.slice(token.length)
    index += 1
  }
  const next = index < answer.tokens ? answer.token(index) : ''
  if (!next.startsWith(left)) return answer
  const head = repeats ? said : ''
  const first = head + next.slice(left.length)
  const token = (at: number): string => (at === 0 ? first : answer.token(index + at))
  return { ...answer, tokens: answer.tokens - index, token, many: undefined }
}

function afterThought(answer: Answer, asked: string): Answer {
  const tag = tagOf(asked)
  const thoughts = thoughtsIn(asked)
  return {
    ...answer,
    tokens: thoughts + answer.tokens,
    thoughts,
    token: (index) => (index < thoughts ? thoughtOf(tag, index) : answer.token(index - thoughts)),
    many: undefined,
  }
}

function cut(answer: Answer, { outputTokensMax = Infinity }: Question): Answer {
  return answer.tokens <= outputTokensMax ? answer : { ...answer, tokens: outputTokensMax, finish: 'length' }
}

export const promptOf = (text: string): { readonly promptTokens: number; readonly blocks: readonly number[] } => ({
  promptTokens: Math.max(tokensIn(text), 1),
  blocks: blocksOf(text),
})
