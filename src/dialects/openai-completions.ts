import type { Glance } from '../core/ask.ts'
import type { TalkDialect } from '../core/dialect.ts'
import type { Json } from '../core/json.ts'
import { answersIn } from './answers.ts'
import { inText } from './carry-on.ts'
import { readFault } from './complaint.ts'
import { estimateTokens } from './estimate.ts'
import { limitIn, modelIn, optionalFlag, optionalText } from './fields.ts'
import { comment } from './heartbeat.ts'
import { limitEditsOf } from './limits.ts'
import { needsOf } from './needs.ts'
import { readPrompt } from './openai-completions/prompt-reader.ts'
import { writePrompt } from './openai-completions/prompt-writer.ts'
import { partReader } from './openai-completions/reader.ts'
import { collect, partWriter } from './openai-completions/writer.ts'
import { faultFrame, faultIn, writeFault } from './openai/faults.ts'
import { textsOrIdsIn, tokensMissed } from './openai/inputs.ts'
import { usageEdits, usageOf, wantsUsage } from './openai/usage.ts'
import { OpenAiWatcher } from './openai/watcher.ts'
import { prefixOf } from './prefix.ts'
import { renameIn } from './splice.ts'

/** `/v1/completions`: the API of before there were chats. Editors fill in code with it, and research measures models by it. */
export const openAiCompletions: TalkDialect = {
  id: 'openai-completions',
  form: 'talk',
  routes: ['/v1/completions'],
  tasks: ['text'],
  streamType: 'text/event-stream',
  frameEnd: '\n\n',
  glance,
  wantsUsage,
  readPrompt,
  writePrompt,
  partReader,
  partWriter,
  collect,
  heartbeat: comment,
  usageEdits,
  limitEdits: (body, tokens) => limitEditsOf(body, tokens, ['max_tokens']),
  watcher: (options) => new OpenAiWatcher(options, 'text"'),
  usageOf,
  faultIn,
  rename: renameIn,
  writeFault,
  faultFrame,
  readFault,
  carryOn: inText,
}

const noMedia: ReadonlySet<string> = new Set()

/** What the model reads, in the order of most templates. */
const read = ['prompt']

function glance(body: Json): Glance {
  const prompts = textsOrIdsIn(body['prompt'], 'prompt')
  const { logprobs } = body
  const promptTokens = estimateTokens(body, noMedia) + tokensMissed(prompts)
  return {
    model: modelIn(body),
    stream: optionalFlag(body['stream'], 'stream') ?? false,
    promptTokens,
    outputTokensMax: limitIn(body['max_tokens'], 'max_tokens'),
    answers: answersIn(body, prompts.length),
    needs: needsOf('text', {
      infill: Boolean(optionalText(body['suffix'], 'suffix')),
      logprobs: logprobs !== undefined && logprobs !== null && logprobs !== false,
    }),
    prefix: prefixOf(body, promptTokens, read),
  }
}
