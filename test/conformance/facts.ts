import type { FaultKind } from '../../src/core/fault.ts'
import type { FinishReason } from '../../src/core/part.ts'
import type { Usage } from '../../src/core/usage.ts'

/** What a person who read the recording knows of the answer in it. */
export interface Fact {
  readonly text?: string
  readonly thinking?: string
  /** Name and arguments of each call. */
  readonly calls?: readonly (readonly [name: string, args: object])[]
  /** Absent: it never said why it ended, and so it is no whole answer. */
  readonly reason?: FinishReason
  readonly usage?: Usage
  /** It failed in so many words. */
  readonly fault?: FaultKind
  readonly status?: number
  readonly code?: string
  readonly tokens?: { readonly prompt: number; readonly max: number }
}

const upTo = (last: number): string => Array.from({ length: last }, (_, index) => ` ${index + 1}`).join('')

const fox = 'The quick brown fox jumps over the lazy dog. Grüße aus 東京 🦊!'
const four = {
  thinking: 'Two and two: carry nothing. So four then.\n',
  text: 'The answer is 4!',
  reason: 'stop',
} as const
const weather = ['get_weather', { city: 'Paris' }] as const
const weatherIn = ['get_weather', { city: 'Paris', unit: 'celsius' }] as const
const time = ['get_time', { zone: 'CET' }] as const

const counted = (promptTokens: number, outputTokens: number, cachedTokens?: number): { usage: Usage } => ({
  usage: { promptTokens, outputTokens, ...(cachedTokens !== undefined && { cachedTokens }) },
})

const refused = { fault: 'upstream-refused', status: 400, code: 'upstream_rejected_request' } as const
const unknownModel = { fault: 'upstream-refused', status: 404, code: 'model_not_found' } as const
const broke = { fault: 'upstream-broke', status: 502 } as const
const busy = { fault: 'upstream-busy', status: 503 } as const
const denied = { fault: 'upstream-denied', status: 502 } as const
const tooLong = (prompt: number, max: number): Fact => ({
  fault: 'context-overflow',
  status: 400,
  code: 'context_length_exceeded',
  tokens: { prompt, max },
})

export const facts: Readonly<Record<string, Fact>> = {
  'ollama/chat': { text: fox, reason: 'stop', ...counted(34, 16) },
  'ollama/chat-stream': { text: fox, reason: 'stop', ...counted(34, 16) },
  'ollama/chat-stream-cold': { text: fox, reason: 'stop', ...counted(34, 16) },
  'ollama/chat-length': { text: 'The quick brown fox', reason: 'length', ...counted(34, 4) },
  'ollama/chat-logprobs': { text: 'The quick brown', reason: 'length', ...counted(34, 3) },
  'ollama/chat-num-predict-0': { text: fox, reason: 'stop', ...counted(34, 16) },
  'ollama/chat-stop-string': { text: 'The quick brown', reason: 'stop', ...counted(34, 4) },
  'ollama/chat-context-full': { text: upTo(52), reason: 'length', ...counted(460, 52) },
  'ollama/chat-queued-stream': { text: upTo(4), reason: 'length', ...counted(34, 4) },
  'ollama/chat-preload': { reason: 'stop' },
  'ollama/chat-unload': { reason: 'stop' },
  'ollama/chat-thinking': { ...four, ...counted(33, 18) },
  'ollama/chat-thinking-stream': { ...four, ...counted(33, 18) },
  'ollama/chat-thinking-native-stream': { ...four, ...counted(66, 18) },
  'ollama/chat-thinking-off-ignored': {
    text: '<think>\nTwo and two: carry nothing. So four then.\n</think>\n\nThe answer is 4!',
    reason: 'stop',
    ...counted(33, 18),
  },
  'ollama/chat-schema': { text: '{ "ok" : true}', reason: 'stop', ...counted(34, 15) },
  'ollama/chat-schema-stream': { text: '{ "ok" : true}', reason: 'stop', ...counted(34, 15) },
  'ollama/chat-schema-thinking': {
    thinking: four.thinking,
    text: '{\n"ok":true\n                    }',
    reason: 'stop',
    ...counted(101, 34),
  },
  'ollama/chat-tools': { calls: [weatherIn], reason: 'tool-calls', ...counted(654, 10) },
  'ollama/chat-tools-stream': { calls: [weatherIn], reason: 'tool-calls', ...counted(654, 10) },
  'ollama/chat-tools-result': { calls: [weatherIn], reason: 'tool-calls', ...counted(436, 10) },
  'ollama/chat-tools-native-thinking-stream': {
    thinking: 'I need the weather.\n',
    calls: [weather],
    reason: 'tool-calls',
    ...counted(664, 17),
  },
  'ollama/chat-tools-native-two-calls-stream': {
    text: 'Let me look.\n',
    calls: [weather, time],
    reason: 'tool-calls',
    ...counted(664, 22),
  },
  'ollama/chat-tools-parsed-thinking-stream': {
    thinking: 'I need the weather.',
    calls: [weather],
    reason: 'tool-calls',
    ...counted(912, 16),
  },
  'ollama/overflow-silent': { text: upTo(3), reason: 'length', ...counted(258, 3) },
  'ollama/overflow-conversation-silent': { text: upTo(3), reason: 'length', ...counted(501, 3) },
  // Streams that broke, each in its own way.
  'ollama/chat-client-aborts': { text: upTo(6) },
  'ollama/chat-server-stopped-stream': { text: upTo(5) },
  'ollama/chat-repeat-guard-stream': { text: ' ha'.repeat(31) },
  'ollama/chat-repeat-guard': { text: ' ha'.repeat(31) },
  'ollama/chat-runner-killed-stream': { text: upTo(34), ...broke },
  // Refused before a word was said.
  'ollama/chat-bad-json-400': refused,
  'ollama/chat-no-body-400': refused,
  'ollama/chat-no-model-400': refused,
  'ollama/chat-content-parts-400': refused,
  'ollama/chat-embedding-model-400': refused,
  'ollama/chat-keep-alive-invalid-400': refused,
  'ollama/chat-schema-invalid-400': refused,
  'ollama/chat-think-invalid-400': refused,
  'ollama/chat-think-unsupported-400': refused,
  'ollama/chat-tool-arguments-string-400': refused,
  'ollama/chat-tools-unsupported-400': refused,
  'ollama/chat-format-invalid-500': refused,
  'ollama/chat-option-type-500': refused,
  'ollama/chat-unknown-model-404': unknownModel,
  'ollama/chat-cloud-disabled-403': denied,
  'ollama/wrong-method-405': denied,
  'ollama/chat-load-failed-500': broke,
  'ollama/chat-runner-killed-500': broke,
  'ollama/chat-runner-killed-queued-500': broke,
  'ollama/queue-full-503': busy,
  'ollama/overflow-native-400': tooLong(2052, 512),
  'ollama/overflow-truncate-false-400': tooLong(2020, 512),
  'ollama/overflow-shift-false-400': { fault: 'context-overflow', status: 400, code: 'context_length_exceeded' },

  // Ollama in the dialect of OpenAI, which we only meet where somebody configured it so.
  'ollama/v1-chat': { text: fox, reason: 'stop', ...counted(34, 16) },
  'ollama/v1-chat-stream': { text: fox, reason: 'stop' },
  'ollama/v1-chat-stream-usage': { text: fox, reason: 'stop', ...counted(34, 16) },
  'ollama/v1-chat-max-completion-tokens': { text: fox, reason: 'stop', ...counted(34, 16) },
  'ollama/v1-chat-overflow-silent': { text: upTo(3), reason: 'length', ...counted(258, 3) },
  'ollama/v1-chat-thinking-stream': four,
  'ollama/v1-chat-tool-choice-none': { calls: [weatherIn], reason: 'tool-calls', ...counted(654, 10) },
  'ollama/v1-chat-tools-stream': { text: 'Let me look.\n', calls: [weather, time], reason: 'tool-calls' },
  'ollama/v1-chat-repeat-guard': { text: ' ha'.repeat(31), ...counted(0, 0) },
  'ollama/v1-chat-runner-killed-stream': { text: upTo(17) },
  'ollama/v1-chat-empty-400': refused,
  'ollama/v1-chat-unknown-model-404': unknownModel,
  'ollama/v1-chat-queue-full-503': busy,

  'llamacpp/chat': { text: fox, reason: 'stop', ...counted(66, 16, 0) },
  'llamacpp/chat-stream': { text: fox, reason: 'stop' },
  'llamacpp/chat-stream-usage': { text: fox, reason: 'stop', ...counted(66, 16, 65) },
  'llamacpp/chat-length': { text: 'The quick brown', reason: 'length', ...counted(66, 3, 65) },
  'llamacpp/chat-logprobs': { text: 'The quick', reason: 'length', ...counted(66, 2, 65) },
  'llamacpp/chat-other-model': { text: 'The quick brown', reason: 'length', ...counted(66, 3, 65) },
  'llamacpp/chat-stop': { text: 'The quick brown', reason: 'stop', ...counted(66, 4, 65) },
  'llamacpp/chat-prefill': { text: `The quick${fox}`, reason: 'stop', ...counted(75, 16, 66) },
  'llamacpp/chat-prefill-stream': { text: fox, reason: 'stop' },
  'llamacpp/chat-progress-stream': { text: 'The quick', reason: 'length' },
  'llamacpp/chat-timings-stream': { text: 'The quick brown', reason: 'length' },
  'llamacpp/chat-context-full-stream': { text: upTo(160), reason: 'length' },
  'llamacpp/chat-deferred-stream': { text: upTo(3), reason: 'length' },
  'llamacpp/chat-slow-prefill-stream': { text: upTo(3), reason: 'length' },
  'llamacpp/chat-schema-stream': { text: '{ "ok":false}', reason: 'stop' },
  'llamacpp/chat-thinking': { ...four, ...counted(66, 18, 65) },
  'llamacpp/chat-thinking-stream': four,
  'llamacpp/chat-thinking-tools': {
    thinking: 'I need the weather.\n',
    calls: [weather],
    reason: 'tool-calls',
    ...counted(664, 17, 663),
  },
  'llamacpp/chat-thinking-tools-stream': { thinking: 'I need the weather.\n', calls: [weather], reason: 'tool-calls' },
  'llamacpp/chat-two-tools': {
    text: 'Let me look.\n',
    calls: [weather, time],
    reason: 'tool-calls',
    ...counted(664, 22, 663),
  },
  'llamacpp/chat-two-tools-stream': { text: 'Let me look.\n', calls: [weather, time], reason: 'tool-calls' },
  'llamacpp/router-chat-autoload': { text: upTo(3), reason: 'length', ...counted(66, 3, 0) },
  'llamacpp/router-chat-stream': { text: upTo(3), reason: 'length' },
  'llamacpp/router-chat-waits-stream': { text: upTo(3), reason: 'length' },
  'llamacpp/chat-client-aborts': { text: upTo(6) },
  'llamacpp/chat-server-killed-stream': { text: upTo(6) },
  'llamacpp/router-chat-unloaded-stream': { text: upTo(55) },
  'llamacpp/router-child-killed-stream': { text: upTo(44) },
  'llamacpp/chat-pool-exhausted-stream': { text: upTo(99), ...busy },
  'llamacpp/chat-pool-exhausted-at-once': busy,
  'llamacpp/chat-pool-exhausted-500': busy,
  'llamacpp/chat-loading-503': busy,
  'llamacpp/bad-json-400': refused,
  'llamacpp/no-messages-400': refused,
  'llamacpp/n-400': refused,
  'llamacpp/type-400': refused,
  'llamacpp/two-assistants-400': refused,
  'llamacpp/router-no-model-400': refused,
  'llamacpp/chat-embedding-model-500': refused,
  'llamacpp/image-500': refused,
  'llamacpp/tools-invalid-500': refused,
  'llamacpp/router-unknown-model-400': unknownModel,
  'llamacpp/wrong-method-404': denied,
  'llamacpp/overflow-400': tooLong(952, 512),
  'llamacpp/overflow-stream-400': tooLong(952, 512),
}
