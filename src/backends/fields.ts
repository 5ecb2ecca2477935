import { fields, type Fields, items, joined, number, texts } from './trim.ts'

/**
 * Which fields of a request reach a server: for each dialect what it documents, and beside it what kinds of servers add of
 * their own. What is not here is taken out before a server sees it. A field belongs here when all it changes is the answer
 * to its own request; never one that says who is served first, what a cache or a slot keeps, what is loaded and for how
 * long, or which template is run.
 */

const many = number(1, 8)
const alternatives = number(0, 20)
/** Stop texts, words and tokens are compared with every token that is made. */
const stops = items(32)
const biases = items(1_024)

const sampling = 'temperature top_p frequency_penalty presence_penalty seed user'

/** `/v1/chat/completions` as every server knows it. */
export const chat: Fields = fields(
  `model messages stream stream_options ${sampling} tools tool_choice parallel_tool_calls functions function_call
   response_format logprobs reasoning_effort`,
  {
    max_tokens: 'limit',
    max_completion_tokens: 'limit',
    n: many,
    top_logprobs: alternatives,
    stop: stops,
    logit_bias: biases,
  },
)

/** `/v1/completions` as every server knows it. Each prompt in a list is an answer of its own. */
export const completions: Fields = fields(`model suffix echo stream stream_options ${sampling}`, {
  prompt: texts(32),
  max_tokens: 'limit',
  n: many,
  best_of: many,
  logprobs: alternatives,
  stop: stops,
  logit_bias: biases,
})

/** `/v1/embeddings` as every server knows it. */
export const embeddings: Fields = fields('model encoding_format dimensions user', { input: texts(2_048) })

/** `/v1/responses` as servers at home know it. */
export const responses: Fields = fields(
  `model input instructions previous_response_id store stream stream_options temperature top_p tools tool_choice
   parallel_tool_calls reasoning text truncation include metadata user`,
  { max_output_tokens: 'limit', top_logprobs: alternatives },
)

const local = {
  vllm: fields(
    `top_k min_p repetition_penalty length_penalty include_stop_str_in_output skip_special_tokens
     spaces_between_special_tokens add_special_tokens structured_outputs guided_json guided_regex guided_choice
     guided_grammar`,
    { min_tokens: number(0, 32_768), stop_token_ids: items(128), bad_words: items(128) },
  ),
  llamacpp: fields(
    `top_k min_p typical_p top_n_sigma repeat_penalty repeat_last_n mirostat mirostat_tau mirostat_eta xtc_probability
     xtc_threshold dynatemp_range dynatemp_exponent dry_multiplier dry_base dry_allowed_length dry_sequence_breakers
     samplers grammar json_schema timings_per_token return_progress post_sampling_probs`,
    { n_probs: alternatives },
  ),
  sglang: fields('top_k min_p repetition_penalty skip_special_tokens no_stop_trim regex ebnf json_schema', {
    min_tokens: number(0, 32_768),
    stop_token_ids: items(128),
  }),
}

/** To be carried on and not replied to: the last message is the beginning of the answer. */
const prefill = 'continue_final_message add_generation_prompt'

export const vllmChat: Fields = joined(
  chat,
  local.vllm,
  fields(`verbosity include_reasoning thinking_token_budget ${prefill}`),
)
export const vllmCompletions: Fields = joined(completions, local.vllm, fields('response_format'))

export const llamacppChat: Fields = joined(chat, local.llamacpp, fields('reasoning_format'))
export const llamacppCompletions: Fields = joined(completions, local.llamacpp, fields('response_format'))

export const sglangChat: Fields = joined(chat, local.sglang, fields(`separate_reasoning stream_reasoning ${prefill}`))
export const sglangCompletions: Fields = joined(completions, local.sglang, fields('response_format'))

const lmstudio = fields('top_k repeat_penalty min_p')
export const lmstudioChat: Fields = joined(chat, lmstudio)
export const lmstudioCompletions: Fields = joined(completions, lmstudio)

export const exoChat: Fields = joined(chat, fields('top_k min_p repetition_penalty'))

/** Where nobody knows which server it is: all that is harmless to one of them, for the others ignore it. */
export const anyChat: Fields = joined(vllmChat, llamacppChat, sglangChat)
export const anyCompletions: Fields = joined(vllmCompletions, llamacppCompletions, sglangCompletions)

/** What OpenAI documents. It refuses all else, so a request written for a server at home is cut down to it. */
export const openAiChat: Fields = joined(
  without(chat, 'max_tokens'),
  fields(
    `verbosity service_tier store metadata safety_identifier prompt_cache_key prompt_cache_options
     prompt_cache_retention modalities audio prediction web_search_options moderation`,
  ),
)
/** Not `background`: it answers before there is an answer, and goes on at a price that nobody here would see. */
export const openAiResponses: Fields = joined(
  responses,
  fields(
    `conversation context_management max_tool_calls prompt prompt_cache_key prompt_cache_options prompt_cache_retention
     safety_identifier service_tier moderation`,
  ),
)

/** `/api/chat` and its like. How long a model stays and how it is loaded is not for one caller to say. */
const ollama = 'model stream format options think logprobs truncate'
export const ollamaChat: Fields = fields(`${ollama} messages tools`, { top_logprobs: alternatives })
export const ollamaGenerate: Fields = fields(`${ollama} prompt suffix system context raw images`, {
  top_logprobs: alternatives,
})
export const ollamaEmbed: Fields = fields('model dimensions options truncate', { input: texts(2_048) })
export const ollamaEmbeddings: Fields = fields('model prompt options')

/** Options of Ollama that may differ from request to request. All others load the model anew, for everyone. */
export const ollamaOptions: Fields = fields(
  `num_keep seed top_k top_p min_p typical_p repeat_last_n temperature repeat_penalty presence_penalty frequency_penalty`,
  { num_predict: 'limit', stop: stops },
)

function without(known: Fields, name: string): Fields {
  const rest = new Map(known)
  rest.delete(name)
  return rest
}
