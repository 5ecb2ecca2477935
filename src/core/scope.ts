import type { Caller } from './ask.ts'
import { Fault } from './fault.ts'
import { hasName } from './names.ts'

/** Whether it is one of the caller's models, and of its team's. */
export const mayUse = ({ models, team }: Pick<Caller, 'models' | 'team'>, model: string): boolean =>
  hasName(models, model) && hasName(team?.models, model)

/** Keeps a caller to the dialects it may speak. `openai-chat` and `openai-embeddings` are of one family. */
export function checkSpeaks({ id, dialects }: Caller, dialect: string): void {
  if (dialects === undefined || dialects.has(familyOf(dialect))) return
  const allowed = [...dialects].join(', ')
  throw new Fault('forbidden', `The caller ${id} may not ask in this API, but in that of: ${allowed}.`)
}

const familyOf = (dialect: string): string => dialect.slice(0, dialect.indexOf('-'))
