import type { RequestRow } from '../recording/rows.ts'
import type { Chance } from './chance.ts'
import { charactersPerToken } from './prefixes.ts'
import { Lengths } from './replay-lengths.ts'
import { Prompts } from './replay-prompts.ts'
import type { Errand, SimCaller, SimDialect } from './workload.ts'

export interface ReplayOptions {
  /** Who asks as this one did. */
  readonly callerOf: (row: RequestRow) => SimCaller
  /** Settles what a recording cannot know: how long an answer would have become that was never given. */
  readonly chance: Chance
  /** The moment from which all is counted, in milliseconds since 1970. */
  readonly beganAt: number
}

/**
 * What was asked once is asked again: by the same caller, of the same model, in the same dialect, with a prompt and an answer of
 * the same length, and prompts that began alike begin alike. Who left, leaves again after as long.
 */
export function* replayOf(
  requests: readonly RequestRow[],
  { callerOf, chance, beganAt }: ReplayOptions,
): Generator<Errand, void, undefined> {
  const lengths = new Lengths(requests)
  const prompts = new Prompts(requests)
  for (const [number, row] of requests.entries()) {
    const dialect = dialectOf(row)
    const words = Math.max(row.fault === undefined ? row.output_tokens : lengths.draw(row, chance), 1)
    const question = `Question ${number}: say ${words} words.`
    const isOfVectors = vectorDialects.has(dialect)
    yield {
      number,
      atMs: row.at - beganAt,
      caller: callerOf(row),
      model: row.model,
      dialect,
      stream: row.stream && !isOfVectors,
      wantsUsage: true,
      preamble: isOfVectors
        ? ''
        : prompts.textOf(row, number, row.prompt_tokens * charactersPerToken - question.length - 2),
      question,
      wants: isOfVectors ? 'vectors' : 'words',
      texts: isOfVectors ? [prompts.textOf(row, number, row.prompt_tokens * charactersPerToken)] : undefined,
      words,
      wordsMax: isOfVectors ? undefined : row.output_max,
      hangsUpAfterMs: hasLeft(row) ? Math.max(row.total_ms, 1) : undefined,
      leavesBy: 'abort',
    }
  }
}

/** Its caller went before the end. */
export const hasLeft = ({ fault }: Pick<RequestRow, 'fault'>): boolean => fault === 'cancelled'

const vectorDialects: ReadonlySet<string> = new Set<SimDialect>([
  'openai-embeddings',
  'ollama-embed',
  'ollama-embeddings',
])

const talkingDialects: ReadonlySet<string> = new Set<SimDialect>([
  'openai-chat',
  'openai-completions',
  'openai-responses',
  'anthropic-messages',
  'ollama-chat',
  'ollama-generate',
])

/** One that nobody speaks here is taken for the one that most speak. */
const dialectOf = ({ dialect }: RequestRow): SimDialect =>
  talkingDialects.has(dialect) || vectorDialects.has(dialect) ? (dialect as SimDialect) : 'openai-chat'
