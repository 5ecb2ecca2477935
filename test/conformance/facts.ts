import type { Facts } from './facts/fact.ts'
import { llamacppChatFacts } from './facts/llamacpp-chat.ts'
import { llamacppTextFacts } from './facts/llamacpp-text.ts'
import { messagesFacts } from './facts/messages.ts'
import { ollamaChatFacts } from './facts/ollama-chat.ts'
import { ollamaOpenAiFacts } from './facts/ollama-openai.ts'
import { ollamaTextFacts } from './facts/ollama-text.ts'
import { responsesFacts } from './facts/responses.ts'

export type { Fact, Facts } from './facts/fact.ts'

/** Every recorded exchange in which a model was asked for something, and what a person reads in it. */
export const facts: Facts = {
  ...ollamaChatFacts,
  ...ollamaTextFacts,
  ...ollamaOpenAiFacts,
  ...llamacppChatFacts,
  ...llamacppTextFacts,
  ...messagesFacts,
  ...responsesFacts,
}
