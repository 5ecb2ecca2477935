import { blocksOf, tokensIn } from './prefixes.ts'
import { sampleOf, tagOf, wordOf, wordsIn } from './recital.ts'

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
}

export interface Tool {
  readonly name: string
  readonly parameters: unknown
}

/** What the server will say, known before it begins. */
export interface Answer {
  readonly tokens: number
  readonly finish: 'stop' | 'length'
  /** The tool whose arguments the tokens are. */
  readonly toolName: string | undefined
  token(index: number): string
}

export function answerTo(question: Question): Answer {
  const tag = tagOf(question.asked)
  const { tool, format } = question
  if (tool !== undefined)
    return written(JSON.stringify(sampleOf(tool.parameters ?? {}, tag) ?? {}), question, tool.name)
  if (format !== undefined) return written(JSON.stringify(sampleOf(format.schema, tag)), question, undefined)
  const tokens = question.outputTokensMax === Infinity ? Infinity : wordsIn(question.asked)
  return cut({ tokens, finish: 'stop', toolName: undefined, token: (index) => wordOf(tag, index) }, question)
}

/** Text in pieces of about a token each. */
function written(text: string, question: Question, toolName: string | undefined): Answer {
  const pieces = text.match(/[\s\S]{1,4}/g) ?? ['']
  return cut({ tokens: pieces.length, finish: 'stop', toolName, token: (index) => pieces[index] ?? '' }, question)
}

function cut(answer: Answer, { outputTokensMax = Infinity }: Question): Answer {
  return answer.tokens <= outputTokensMax ? answer : { ...answer, tokens: outputTokensMax, finish: 'length' }
}

export const promptOf = (text: string): { readonly promptTokens: number; readonly blocks: readonly number[] } => ({
  promptTokens: Math.max(tokensIn(text), 1),
  blocks: blocksOf(text),
})
