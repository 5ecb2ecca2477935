import type { Need } from '../core/ask.ts'
import type { Backend } from '../core/backend.ts'
import { dialectById } from './index.ts'

/** What servers do in one way or another, unless their kind is known not to. */
const common: readonly Need[] = ['tools', 'vision', 'audio', 'thinking', 'logprobs']

/** What a server of this kind can be asked at all: the tasks its dialects have words for, and what comes with them. */
export function reachOf({ speaks, lacks, remembers }: Backend): ReadonlySet<Need> {
  const reach = new Set<Need>(common)
  for (const id in speaks) for (const task of dialectById(id)?.tasks ?? []) reach.add(task)
  if (reach.has('text')) reach.add('infill')
  if (remembers === true) reach.add('memory')
  for (const need of lacks ?? []) reach.delete(need)
  return reach
}
