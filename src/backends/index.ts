import type { Backend } from '../core/backend.ts'
import { ollama } from './ollama.ts'
import { openAiCompatible } from './openai-compatible.ts'
import { openAi } from './openai.ts'

/** Every kind of server that is known here. One more is one more file and one more line. */
export const backends: readonly Backend[] = [ollama, openAiCompatible, openAi]

const byKind: ReadonlyMap<string, Backend> = new Map(backends.map((backend) => [backend.kind, backend]))

export function backendOf(kind: string): Backend | undefined {
  return byKind.get(kind)
}
