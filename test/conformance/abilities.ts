import type { Sampling } from '../../src/core/prompt.ts'

/** What can be said in some dialects and not in others, in requests and in answers. */
export type Ability = (typeof abilities)[number]

const sampling = [
  'temperature',
  'topP',
  'topK',
  'minP',
  'seed',
  'frequencyPenalty',
  'presencePenalty',
  'repeatPenalty',
] as const satisfies readonly (keyof Sampling)[]

const abilities = [
  ...sampling,
  // Of requests.
  'many turns',
  'nothing but blanks',
  'no limit',
  'stop strings',
  'pictures',
  'addresses of pictures',
  'sounds',
  'documents',
  'tools',
  'strict tools',
  'choice of a tool',
  'one call at a time',
  'calls in turns',
  'failed calls',
  'JSON',
  'schema',
  'strict schema',
  'thinking off',
  'thinking on',
  'thinking a minimum',
  'levels of thinking',
  'past thoughts',
  'signed thoughts',
  'sealed thoughts',
  'user',
  'cache key',
  'wish for probabilities',
  'beginning of the answer',
  'what follows the gap',
  'echo',
  // Of answers.
  'thoughts',
  'signature',
  'probabilities',
  'which stop string',
  'withheld content',
  'no counts',
  'cached tokens',
  'tokens written to a cache',
  'tokens of thoughts',
  // Of faults.
  'code of a fault',
  // Of vectors.
  'token ids',
  'dimensions',
  'many texts',
  'tokens of texts',
] as const

const ofTools: readonly Ability[] = [
  'tools',
  'strict tools',
  'choice of a tool',
  'one call at a time',
  'calls in turns',
  'failed calls',
]
const ofServices: readonly Ability[] = ['signed thoughts', 'sealed thoughts', 'signature', 'tokens written to a cache']
const ofConversations: readonly Ability[] = [
  'many turns',
  'pictures',
  'addresses of pictures',
  'sounds',
  'documents',
  'thinking off',
  'thinking on',
  'thinking a minimum',
  'levels of thinking',
  'past thoughts',
  'beginning of the answer',
]
const ollamas: readonly Ability[] = [
  'addresses of pictures',
  'sounds',
  'documents',
  'strict schema',
  'thinking a minimum',
  'user',
  'cache key',
  'echo',
  'which stop string',
  'withheld content',
  'cached tokens',
  'tokens of thoughts',
  ...ofServices,
]

/**
 * What each dialect has no words for. One that is not listed can say all of it, and what two dialects can both say has to
 * get through from one to the other.
 */
const wordless: Readonly<Record<string, readonly Ability[]>> = {
  'openai-chat': ['thinking on', 'failed calls', 'beginning of the answer', 'which stop string', ...ofServices],
  'openai-responses': ['thinking on', 'failed calls', 'beginning of the answer', 'which stop string', ...ofServices],
  'ollama-chat': [...ollamas, ...ofTools.filter((ability) => ability !== 'tools'), 'beginning of the answer'],
  'ollama-generate': [...ollamas, ...ofTools, 'many turns', 'past thoughts', 'beginning of the answer'],
  'openai-completions': [
    ...ofConversations,
    ...ofTools,
    ...ofServices,
    'JSON',
    'schema',
    'cache key',
    'thoughts',
    'which stop string',
  ],
  'openai-embeddings': ['no counts'],
  'anthropic-messages': [
    // Of these some are left out: newer models refuse them, or the two together.
    'temperature',
    'topP',
    'minP',
    'seed',
    'frequencyPenalty',
    'presencePenalty',
    'repeatPenalty',
    'nothing but blanks',
    'no limit',
    'sounds',
    'JSON',
    'strict schema',
    'thinking on',
    'thinking a minimum',
    'levels of thinking',
    'past thoughts',
    'cache key',
    'wish for probabilities',
    'probabilities',
    'no counts',
    'calls in turns',
  ],
  'ollama-embed': ['token ids', 'user'],
  'ollama-embeddings': ['token ids', 'user', 'dimensions', 'many texts', 'tokens of texts'],
}

/** Whether something can be said in all of these dialects. */
export type Can = (ability: Ability) => boolean

export const canSay =
  (...ids: readonly string[]): Can =>
  (ability) =>
    ids.every((id) => !(wordless[id] ?? []).includes(ability))

export const samplingIn = (can: Can): readonly (keyof Sampling)[] => sampling.filter(can)
