import type { Backend } from '../core/backend.ts'
import { anthropic } from './anthropic.ts'
import { exo } from './exo.ts'
import { llamacpp } from './llamacpp.ts'
import { lmstudio } from './lmstudio.ts'
import { ollama } from './ollama.ts'
import { openAiCompatible } from './openai-compatible.ts'
import { openAi } from './openai.ts'
import { sglang } from './sglang.ts'
import { tgi } from './tgi.ts'
import { vllm } from './vllm.ts'

/** Every kind of server that is known here. One more is one more file and one more line. */
export const backends: readonly Backend[] = [
  ollama,
  vllm,
  llamacpp,
  sglang,
  lmstudio,
  exo,
  tgi,
  openAiCompatible,
  openAi,
  anthropic,
]

const byKind: ReadonlyMap<string, Backend> = new Map(backends.map((backend) => [backend.kind, backend]))

export function backendOf(kind: string): Backend | undefined {
  return byKind.get(kind)
}
