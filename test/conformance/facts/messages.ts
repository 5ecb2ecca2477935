import { busy, counted, type Facts, four, fox, refused, time, tooLong, unknownModel, upTo, weather } from './fact.ts'

/** Both servers in the dialect of Anthropic, where the tokens of the prompt are told without those from the cache. */
export const messagesFacts: Facts = {
  'ollama/v1-messages': { text: fox, reason: 'stop', ...counted(34, 16) },
  // The count at the beginning is an estimate; the one at the end counts.
  'ollama/v1-messages-stream': { text: fox, reason: 'stop', ...counted(34, 16) },
  'ollama/v1-messages-thinking-stream': { ...four, ...counted(33, 18) },
  'ollama/v1-messages-tools-stream': {
    text: 'Let me look.\n',
    calls: [weather, time],
    reason: 'tool-calls',
    ...counted(664, 22),
  },
  'ollama/v1-messages-runner-killed-stream': { text: upTo(8) },
  'ollama/v1-messages-no-max-tokens-400': refused,
  'ollama/v1-messages-unknown-model-404': unknownModel,
  'ollama/v1-messages-queue-full-503': busy,

  'llamacpp/v1-messages': { text: fox, reason: 'stop', ...counted(66, 16, 65) },
  'llamacpp/v1-messages-stream': { text: fox, reason: 'stop', ...counted(66, 16, 65) },
  // The thoughts' block ends when the next one has been written to its end.
  'llamacpp/v1-messages-thinking-stream': { ...four, ...counted(66, 18, 65) },
  'llamacpp/v1-messages-thinking-tools-stream': {
    thinking: 'I need the weather.\n',
    calls: [weather],
    reason: 'tool-calls',
    ...counted(664, 17, 663),
  },
  'llamacpp/v1-messages-pool-exhausted-stream': { text: upTo(99), ...busy },
  'llamacpp/v1-messages-overflow-400': tooLong(952, 512),
}
