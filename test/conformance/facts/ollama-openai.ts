import {
  busy,
  counted,
  type Facts,
  four,
  fox,
  ha,
  refused,
  time,
  unknownModel,
  upTo,
  vectors,
  weather,
  weatherIn,
} from './fact.ts'

/** Ollama in the dialects of OpenAI and Anthropic, which we only meet where somebody configured it so. */
export const ollamaOpenAiFacts: Facts = {
  'ollama/v1-chat': { text: fox, reason: 'stop', ...counted(34, 16) },
  'ollama/v1-chat-stream': { text: fox, reason: 'stop' },
  'ollama/v1-chat-stream-usage': { text: fox, reason: 'stop', ...counted(34, 16) },
  'ollama/v1-chat-max-completion-tokens': { text: fox, reason: 'stop', ...counted(34, 16) },
  'ollama/v1-chat-overflow-silent': { text: upTo(3), reason: 'length', ...counted(258, 3) },
  'ollama/v1-chat-thinking-stream': four,
  'ollama/v1-chat-tool-choice-none': { calls: [weatherIn], reason: 'tool-calls', ...counted(654, 10) },
  'ollama/v1-chat-tools-stream': { text: 'Let me look.\n', calls: [weather, time], reason: 'tool-calls' },
  'ollama/v1-chat-repeat-guard': { text: ha, ...counted(0, 0) },
  'ollama/v1-chat-runner-killed-stream': { text: upTo(17) },
  'ollama/v1-chat-empty-400': refused,
  'ollama/v1-chat-unknown-model-404': unknownModel,
  'ollama/v1-chat-queue-full-503': busy,

  'ollama/v1-completions-stream': { text: 'The quick brown fox', reason: 'length' },
  // Without a prompt it only loads the model, and says so for a reason.
  'ollama/v1-completions-no-prompt': { reason: 'stop', ...counted(0, 0), errand: 'load' },
  'ollama/v1-embeddings': { ...vectors(1, 64, 0.13151331), ...counted(7, 0) },
  'ollama/v1-embeddings-base64': { ...vectors(1, 64, 0.13151331), ...counted(7, 0) },
}
