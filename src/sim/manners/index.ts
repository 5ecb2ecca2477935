import type { Manner } from '../manner.ts'
import type { ServerKind } from '../server-spec.ts'
import { anthropic, generic, openai } from './clouds.ts'
import { exo } from './exo.ts'
import { llamacpp } from './llamacpp.ts'
import { lmstudio } from './lmstudio.ts'
import { ollama } from './ollama.ts'
import { sglang } from './sglang.ts'
import { tgi } from './tgi.ts'
import { vllm } from './vllm.ts'

export const manners: Readonly<Record<ServerKind, Manner>> = {
  ollama,
  llamacpp,
  vllm,
  sglang,
  lmstudio,
  exo,
  tgi,
  openai,
  anthropic,
  generic,
}
