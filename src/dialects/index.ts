import type { Dialect } from '../core/dialect.ts'
import { ollamaChat } from './ollama-chat.ts'
import { openAiChat } from './openai-chat.ts'

/** Every wire format that is spoken here. One more is one more file and one more line. */
export const dialects: readonly Dialect[] = [openAiChat, ollamaChat]

const byId: ReadonlyMap<string, Dialect> = new Map(dialects.map((dialect) => [dialect.id, dialect]))

export function dialectById(id: string): Dialect | undefined {
  return byId.get(id)
}
