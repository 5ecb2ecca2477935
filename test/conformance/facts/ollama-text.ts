import {
  broke,
  busy,
  counted,
  type Facts,
  four,
  fox,
  overflow,
  refused,
  unknownModel,
  unsupported,
  upTo,
  vectors,
} from './fact.ts'

/** Ollama, asked by its own API to go on with a text, or for vectors. */
export const ollamaTextFacts: Facts = {
  'ollama/generate': { text: fox, reason: 'stop', ...counted(34, 16) },
  'ollama/generate-stream': { text: fox, reason: 'stop', ...counted(34, 16) },
  'ollama/generate-raw': { text: ' Grüße aus 東京 🦊!', reason: 'stop', ...counted(16, 6) },
  'ollama/generate-thinking-stream': { ...four, ...counted(33, 18) },
  'ollama/generate-preload': { reason: 'stop', errand: 'load' },
  'ollama/generate-unload': { reason: 'stop', errand: 'unload' },
  'ollama/generate-runner-killed-stream': { text: upTo(11), ...broke },
  'ollama/generate-unknown-model-404': unknownModel,

  'ollama/embed': { ...vectors(1, 64, 0.13151331), ...counted(7, 0) },
  'ollama/embed-two': { ...vectors(2, 8, 0.38187853), ...counted(14, 0) },
  // Cut off at the context of 256 tokens without a word.
  'ollama/embed-truncated': { ...vectors(1, 8, 0.16240543), ...counted(256, 0) },
  'ollama/embed-empty': { ...vectors(0, 0), errand: 'load' },
  'ollama/embed-chat-model-501': unsupported,
  'ollama/embed-queue-full-503': busy,
  'ollama/embed-token-ids-400': refused,
  'ollama/embed-too-long-400': overflow,
  'ollama/embed-unknown-model-404': unknownModel,
  'ollama/embeddings': vectors(1, 64, 0.1315132975578308),
  // A 500 although only the caller can mend it.
  'ollama/embeddings-too-long-500': overflow,
}
