import type { Glance } from '../core/ask.ts'
import type { VectorDialect } from '../core/dialect.ts'
import type { Json } from '../core/json.ts'
import type { Inputs, Vectors } from '../core/vectors.ts'
import { readFault } from './complaint.ts'
import { estimateTokens } from './estimate.ts'
import { modelIn, optionalText, refuse } from './fields.ts'
import { needsOf } from './needs.ts'
import { textsOnly } from './ollama-embed.ts'
import { errandFor } from './ollama/errand.ts'
import { faultFrame, writeFault } from './ollama/faults.ts'
import { renameIn } from './splice.ts'
import { answerIn, faultIn, vectorIn } from './vector-answers.ts'

/** `/api/embeddings`, which Ollama had before `/api/embed` and keeps for older clients: one text, one vector, no counts. */
export const ollamaEmbeddings: VectorDialect = {
  id: 'ollama-embeddings',
  form: 'vectors',
  routes: ['/api/embeddings'],
  tasks: ['vectors'],
  streamType: 'application/json',
  glance,
  readInputs,
  writeInputs,
  readVectors,
  writeVectors,
  usageOf: () => undefined,
  faultIn,
  rename: renameIn,
  errandDone: () => ({ embedding: [] }),
  writeFault,
  faultFrame,
  readFault,
}

const noMedia: ReadonlySet<string> = new Set()

function glance(body: Json): Glance {
  return {
    model: modelIn(body),
    stream: false,
    promptTokens: estimateTokens(body, noMedia),
    outputTokensMax: undefined,
    needs: needsOf('vectors', {}),
    errand: optionalText(body['prompt'], 'prompt') ? undefined : errandFor(body['keep_alive']),
  }
}

function readInputs(body: Json): Inputs {
  const text = optionalText(body['prompt'], 'prompt') ?? ''
  return { model: modelIn(body), texts: [text], dimensions: undefined, user: undefined }
}

function writeInputs({ model, texts, dimensions }: Inputs): Json {
  const [prompt, ...more] = textsOnly(texts)
  if (prompt === undefined || more.length > 0)
    throw refuse('input: the server for this model takes one text at a time.')
  if (dimensions !== undefined)
    throw refuse('dimensions: the server for this model gives its vectors in one length only.')
  return { model, prompt }
}

function readVectors(answer: Uint8Array): Vectors {
  return { vectors: [vectorIn(answerIn(answer)['embedding'])], promptTokens: undefined }
}

function writeVectors({ vectors }: Vectors): Json {
  return { embedding: vectors[0] ?? [] }
}
