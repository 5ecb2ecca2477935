import { bySpelling } from '../core/names.ts'
import type { ModelSettings } from '../core/settings.ts'

/** Whether streams of a model may be carried on by another server. Of several rules for a name, the most exact one holds. */
export function resumable(
  models: ReadonlyMap<string, ModelSettings> = new Map(),
): (...names: readonly string[]) => boolean {
  const rules = new Map<string, boolean>()
  for (const [name, { resume }] of models) if (resume !== undefined) rules.set(plain(name), resume)
  if (rules.size === 0) return never
  return (...names) => {
    // The caller's own name for it says more than the server's.
    for (const name of names) {
      const rule = bySpelling(rules, plain(name))
      if (rule !== undefined) return rule
    }
    return false
  }
}

const never = (): boolean => false

/** Some write the usual tag and some leave it out. */
const plain = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/:latest$/, '')
