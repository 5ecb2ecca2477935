import type { Glance } from '../core/ask.ts'
import type { AnswerAbout, VectorDialect } from '../core/dialect.ts'
import type { Json } from '../core/json.ts'
import type { Usage } from '../core/usage.ts'
import type { Inputs, Vectors } from '../core/vectors.ts'
import { readFault } from './complaint.ts'
import { estimateTokens } from './estimate.ts'
import { known, modelIn, optionalNumber, refuse, textsIn } from './fields.ts'
import { asBuffer } from './members.ts'
import { needsOf } from './needs.ts'
import { durationSince } from './ollama/ending.ts'
import { errandFor } from './ollama/errand.ts'
import { faultFrame, writeFault } from './ollama/faults.ts'
import { readUsage } from './ollama/usage.ts'
import { areTexts } from './openai/inputs.ts'
import { renameIn } from './splice.ts'
import { answerIn, faultIn, noVectors, vectorIn } from './vector-answers.ts'

/** `/api/embed` of Ollama. */
export const ollamaEmbed: VectorDialect = {
  id: 'ollama-embed',
  form: 'vectors',
  routes: ['/api/embed'],
  tasks: ['vectors'],
  streamType: 'application/json',
  glance,
  readInputs,
  writeInputs,
  readVectors,
  writeVectors,
  usageOf,
  faultIn,
  rename: renameIn,
  errandDone: (_, about) => ({ model: about.model, embeddings: [] }),
  writeFault,
  faultFrame,
  readFault,
}

const noMedia: ReadonlySet<string> = new Set()

function glance(body: Json): Glance {
  const texts = textsOf(body)
  return {
    model: modelIn(body),
    stream: false,
    promptTokens: estimateTokens(body, noMedia),
    outputTokensMax: undefined,
    needs: needsOf('vectors', {}),
    errand: texts.length === 0 ? errandFor(body['keep_alive']) : undefined,
  }
}

/** One empty text is none, but a list may hold one. */
const textsOf = ({ input }: Json): readonly string[] => (input === '' ? [] : textsIn(input, 'input'))

/** How a model is loaded, and whether what is too long may be cut, is between Ollama and its callers. */
function readInputs(body: Json): Inputs {
  return {
    model: modelIn(body),
    texts: textsOf(body),
    dimensions: optionalNumber(body['dimensions'], 'dimensions') || undefined,
    user: undefined,
  }
}

function writeInputs({ model, texts, dimensions }: Inputs): Json {
  return known({ model, input: textsOnly(texts), dimensions })
}

export function textsOnly(texts: Inputs['texts']): readonly string[] {
  if (areTexts(texts)) return texts
  throw refuse(
    'input: the server for this model takes no token ids; send the text (in LangChain: check_embedding_ctx_length=False).',
  )
}

function readVectors(answer: Uint8Array): Vectors {
  const { embeddings, prompt_eval_count: promptTokens } = answerIn(answer)
  if (!Array.isArray(embeddings)) throw noVectors()
  return {
    vectors: embeddings.map(vectorIn),
    promptTokens: readUsage({ prompt_eval_count: promptTokens })?.promptTokens,
  }
}

function writeVectors({ vectors, promptTokens }: Vectors, about: AnswerAbout): Json {
  return known({
    model: about.model,
    embeddings: vectors,
    total_duration: durationSince(about),
    prompt_eval_count: promptTokens || undefined,
  })
}

/** The count stands behind vectors that may be megabytes. */
function usageOf(answer: Uint8Array): Usage | undefined {
  const key = '"prompt_eval_count":'
  const bytes = asBuffer(answer)
  const at = bytes.lastIndexOf(key)
  if (at === -1) return undefined
  const count = /^\s*\d+/.exec(bytes.toString('latin1', at + key.length, at + key.length + 20))?.[0]
  return readUsage({ prompt_eval_count: Number(count) })
}
