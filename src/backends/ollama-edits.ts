import type { Setting } from '../core/backend.ts'
import { type Edits, isObject, type Json } from '../core/json.ts'
import * as fields from './fields.ts'
import { changed, type Fields, trim } from './trim.ts'

const tables: Readonly<Record<string, Fields>> = {
  'ollama-chat': fields.ollamaChat,
  'ollama-generate': fields.ollamaGenerate,
  'ollama-embed': fields.ollamaEmbed,
  'ollama-embeddings': fields.ollamaEmbeddings,
}

/** All that usually changes, made once. */
const refuseTooLong: Edits = Object.freeze({ truncate: false })

/**
 * What a request to Ollama may say. Of every field it takes only the one spelling: Go minds neither case nor letters that
 * only fold to ASCII, and of two spellings the last one would win. `keep_alive` is none of them, for 0 throws the model out
 * for everybody and any other value can keep all other models from loading; nor is `shift`, which loads it anew.
 */
export function edits(dialect: string, body: Json, { contextTokens }: Setting): Edits | undefined {
  const known = tables[dialect]
  if (known === undefined) return undefined
  let changes = trim(body, known)
  const options = optionsFrom(body['options'], contextTokens)
  if (options !== undefined) changes = changed(changes, 'options', options)
  // A prompt that does not fit is an error, not a reason to forget half of it.
  if (!known.has('truncate') || body['truncate'] === false) return changes
  return changes === undefined ? refuseTooLong : changed(changes, 'truncate', false)
}

/**
 * The options with nothing in them that would load the model anew, but with the one length of context that it has for
 * everyone; undefined when they are so already.
 */
function optionsFrom(options: unknown, contextTokens: number | undefined): Json | undefined {
  const given = isObject(options) ? options : {}
  let kept: Record<string, unknown> | undefined
  const unwanted = trim(given, fields.ollamaOptions)
  if (unwanted !== undefined) {
    const onlyContext = contextTokens !== undefined && given['num_ctx'] === contextTokens
    if (onlyContext && Object.keys(unwanted).length === 1) return undefined
    kept = Object.fromEntries(Object.entries(given).filter(([name]) => !(name in unwanted)))
  }
  if (contextTokens === undefined) return kept
  return { ...(kept ?? given), num_ctx: contextTokens }
}
