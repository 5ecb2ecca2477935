import type { Glance } from '../core/ask.ts'
import type { AnswerAbout, VectorDialect } from '../core/dialect.ts'
import { isObject, type Json } from '../core/json.ts'
import type { Usage } from '../core/usage.ts'
import type { Inputs, Vectors } from '../core/vectors.ts'
import { readFault } from './complaint.ts'
import { estimateTokens } from './estimate.ts'
import { known, modelIn, optionalNumber, optionalText, refuse } from './fields.ts'
import { base64Of } from './floats.ts'
import { asBuffer, Members } from './members.ts'
import { needsOf } from './needs.ts'
import { faultFrame, writeFault } from './openai/faults.ts'
import { textsOrIdsIn, tokensMissed, type TextsOrIds } from './openai/inputs.ts'
import { readUsage } from './openai/usage.ts'
import { renameIn } from './splice.ts'
import { answerIn, faultIn, noVectors, vectorIn } from './vector-answers.ts'

/** `/v1/embeddings`. Its official clients ask for base64 unless told otherwise, and take either. */
export const openAiEmbeddings: VectorDialect = {
  id: 'openai-embeddings',
  form: 'vectors',
  routes: ['/v1/embeddings'],
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
  writeFault,
  faultFrame,
  readFault,
}

const noMedia: ReadonlySet<string> = new Set()

function glance(body: Json): Glance {
  const inputs = inputsIn(body)
  return {
    model: modelIn(body),
    stream: false,
    promptTokens: estimateTokens(body, noMedia) + tokensMissed(inputs),
    outputTokensMax: undefined,
    needs: needsOf('vectors', {}),
  }
}

function inputsIn({ input }: Json): TextsOrIds {
  if (input === '') throw refuse('input must not be empty.')
  return textsOrIdsIn(input, 'input')
}

function readInputs(body: Json): Inputs {
  const form = optionalText(body['encoding_format'], 'encoding_format')
  if (form !== undefined && form !== 'float' && form !== 'base64')
    throw refuse('encoding_format must be float or base64.')
  return {
    model: modelIn(body),
    texts: inputsIn(body),
    dimensions: optionalNumber(body['dimensions'], 'dimensions'),
    user: optionalText(body['user'], 'user'),
  }
}

/** Floats are asked for, which every server has. */
function writeInputs({ model, texts, dimensions, user }: Inputs): Json {
  return known({ model, input: texts, encoding_format: 'float', dimensions, user })
}

function readVectors(answer: Uint8Array): Vectors {
  const { data, usage } = answerIn(answer)
  if (!Array.isArray(data) || !data.every(isObject)) throw noVectors()
  const indexOf = (one: Json): number => (typeof one['index'] === 'number' ? one['index'] : 0)
  return {
    vectors: data.toSorted((a, b) => indexOf(a) - indexOf(b)).map((one) => vectorIn(one['embedding'])),
    promptTokens: readUsage(usage)?.promptTokens,
  }
}

function writeVectors({ vectors, promptTokens }: Vectors, about: AnswerAbout, body: Json): Json {
  const write = body['encoding_format'] === 'base64' ? base64Of : (vector: readonly number[]) => vector
  // The types of the official clients know no answer without counts.
  const tokens = promptTokens ?? about.promptTokens
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: write(vector) })),
    model: about.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  }
}

/** The counts stand behind vectors that may be megabytes, or before them: they are looked for by their name only. */
function usageOf(answer: Uint8Array): Usage | undefined {
  const key = '"usage":'
  const at = asBuffer(answer).lastIndexOf(key)
  const members = new Members(answer, at + key.length)
  return at >= 0 && members.find('prompt_tokens') ? readUsage({ prompt_tokens: members.value() }) : undefined
}
