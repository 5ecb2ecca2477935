import type { Glance } from '../core/ask.ts'
import type { TalkDialect } from '../core/dialect.ts'
import type { Json } from '../core/json.ts'
import { inLines } from './carry-on.ts'
import { readFault } from './complaint.ts'
import { estimateTokens } from './estimate.ts'
import { limitIn, listIn, modelIn, optionalFlag, optionalObject, optionalText } from './fields.ts'
import { emptyLine } from './heartbeat.ts'
import { limitInOptions } from './limits.ts'
import { needsOf } from './needs.ts'
import { errandDone, errandFor } from './ollama/errand.ts'
import { faultFrame, faultIn, writeFault } from './ollama/faults.ts'
import { readPrompt } from './ollama-generate/prompt-reader.ts'
import { writePrompt } from './ollama-generate/prompt-writer.ts'
import { partReader } from './ollama-generate/reader.ts'
import { collect, partWriter } from './ollama-generate/writer.ts'
import { usageOf } from './ollama/usage.ts'
import { OllamaWatcher } from './ollama/watcher.ts'
import { prefixOf } from './prefix.ts'
import { renameIn } from './splice.ts'

/** `/api/generate` of Ollama: one question, or with `raw` or a `suffix` a plain text that is to be carried on or filled in. */
export const ollamaGenerate: TalkDialect = {
  id: 'ollama-generate',
  form: 'talk',
  routes: ['/api/generate'],
  tasks: ['text', 'chat'],
  streamType: 'application/x-ndjson',
  frameEnd: '\n',
  givesUpOverRepeats: true,
  glance,
  // The counts are in the last object, asked for or not.
  wantsUsage: () => true,
  readPrompt,
  writePrompt,
  partReader,
  partWriter,
  collect,
  heartbeat: (about) => emptyLine(about, { response: '' }),
  usageEdits: () => undefined,
  limitEdits: limitInOptions,
  watcher: (options) => new OllamaWatcher(options, 'response"'),
  usageOf,
  faultIn,
  rename: renameIn,
  errandDone: (errand, about) => errandDone(errand, about, { response: '' }),
  writeFault,
  faultFrame,
  readFault,
  carryOn: inLines,
}

const media: ReadonlySet<string> = new Set(['images'])

/** What the model reads, in the order of most templates. */
const read = ['context', 'system', 'prompt']

function glance(body: Json): Glance {
  const { think, logprobs, context } = body
  const isRaw = optionalFlag(body['raw'], 'raw') === true
  const hasSuffix = Boolean(optionalText(body['suffix'], 'suffix'))
  const hasPrompt = Boolean(optionalText(body['prompt'], 'prompt'))
  const hasImages = listIn(body['images'], 'images').length > 0
  const options = optionalObject(body['options'], 'options')
  // To the estimate a number weighs half of the token that it is here.
  const contextTokens = Array.isArray(context) ? Math.ceil(context.length / 2) : 0
  const promptTokens = estimateTokens(body, media) + contextTokens
  return {
    model: modelIn(body),
    stream: optionalFlag(body['stream'], 'stream') ?? true,
    promptTokens,
    outputTokensMax: limitIn(options?.['num_predict'], 'options.num_predict'),
    needs: needsOf(isRaw || hasSuffix ? 'text' : 'chat', {
      infill: hasSuffix,
      vision: hasImages,
      thinking: think !== undefined && think !== null && think !== false,
      logprobs: logprobs === true,
    }),
    errand: hasPrompt || hasImages ? undefined : errandFor(body['keep_alive']),
    prefix: prefixOf(body, promptTokens, read),
  }
}
