import type { Backend, Call, Health } from '../core/backend.ts'
import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'
import { ask, countIn, objectAt, refuseFailed, textIn, tokenCount } from './asking.ts'
import * as fields from './fields.ts'
import { factsIn, gaugeOf, isForVectors } from './llamacpp-facts.ts'
import { load, probeRouter, revive, unload } from './llamacpp-router.ts'
import { listed, listModels, openAiCompatible } from './openai-compatible.ts'
import { homeEdits } from './openai-edits.ts'

/** `llama-server` of llama.cpp: with one model, or as a router of several. */
export const llamacpp: Backend = {
  ...openAiCompatible,
  kind: 'llamacpp',
  title: 'llama.cpp',
  usualPort: 8080,
  modelFolders: ['$LLAMA_CACHE', '~/.cache/llama.cpp'],
  lacks: ['infill'],
  // What was asked for in one piece is generated to the end, whoever has left.
  stopsWhole: false,
  // Streamed, only what is new comes. Recorded: llamacpp/chat-prefill-stream.
  resumes: ['openai-chat', 'openai-completions'],
  // A template that makes the model think first refuses to carry on an answer.
  continueEdits: { chat_template_kwargs: { enable_thinking: false } },
  probe,
  // A router wants to know of which model, and tells nothing: its probes ask model by model.
  gauge: (call) => gaugeOf(call, {}),
  edits: homeEdits({
    fields: {
      'openai-chat': fields.llamacppChat,
      'openai-completions': fields.llamacppCompletions,
      'openai-embeddings': fields.embeddings,
    },
  }),
  load,
  unload,
  revive,
  countTokens,
}

async function probe(call: Call): Promise<Health> {
  const props = await ask(call, { method: 'GET', path: '/props' })
  if (!isObject(props['default_generation_settings']))
    throw new Fault('upstream-broke', 'The server answers GET /props, but not as llama-server does: check its kind.')
  if (props['role'] === 'router') return probeRouter(call, props)
  const [list, gauge, embeds] = await Promise.all([listModels(call), gaugeOf(call, props), isForVectors(call)])
  const facts = factsIn(props, embeds)
  const version = textIn(props['build_info'])
  const advice = sharedPool(props)
  return {
    models: list.map((model) => ({ ...listed(model), ...facts, loaded: props['is_sleeping'] !== true })),
    ...(version !== undefined && { version }),
    ...(gauge !== undefined && { gauge }),
    ...(advice.length > 0 && { advice }),
  }
}

/** It takes four slots when it is not told how many, and then one pool of memory for all of them; a server does not say. */
function sharedPool(props: Json): readonly string[] {
  const contextTokens = countIn(objectAt(props, 'default_generation_settings')['n_ctx'])
  if (props['total_slots'] !== 4 || contextTokens === undefined) return []
  return [
    `If this llama-server was started without --parallel, its 4 slots share one context of ${contextTokens} tokens, and ` +
      `when that is full all answers under way end. Start it with --parallel 4 -c ${4 * contextTokens}.`,
  ]
}

/** A model that is not loaded is not loaded for this: the router then says so. */
async function countTokens(call: Call, body: Json): Promise<number> {
  const counting = { method: 'POST', path: '/v1/chat/completions/input_tokens?autoload=false', body } as const
  const answer = await call(counting)
  if (answer.status !== 404) {
    refuseFailed(answer, counting)
    return tokenCount(objectAt(answer, 'json')['input_tokens'])
  }
  // Older builds count in two steps.
  const { prompt } = await ask(call, { method: 'POST', path: '/apply-template?autoload=false', body })
  const { model } = body
  const { tokens } = await ask(call, {
    method: 'POST',
    path: '/tokenize?autoload=false',
    body: { ...(model !== undefined && { model }), content: prompt, add_special: true, parse_special: true },
  })
  return tokenCount(Array.isArray(tokens) ? tokens.length : undefined)
}
