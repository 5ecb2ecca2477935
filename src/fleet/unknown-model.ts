import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import { hasName } from '../core/names.ts'
import type { Fleet } from './fleet.ts'

const comeBackMs = 1_000
const namesShown = 5
const nameMax = 100

/** Nobody is known to have the model. That is final only when every server has had its say, or the time for it. */
export function unknownModel(fleet: Fleet, { model, caller }: Pick<Ask, 'model' | 'caller'>): Fault {
  const quoted = `"${model.length > nameMax ? `${model.slice(0, nameMax)}...` : model}"`
  const names: string[] = []
  for (const { name } of fleet.models()) if (hasName(caller.models, name)) names.push(name)
  const available = names.length === 0 ? 'No model is available.' : `Available: ${listed(names)}.`
  const telling = fleet.upstreams.filter(({ settings }) => settings.serve === undefined)
  const unheard = telling.filter(({ isUnheard }) => isUnheard).map(({ settings }) => settings.name)
  const retryAfterMs = comeBackMs
  if (telling.length > 0 && !fleet.anyUp) {
    const text = `No server that might have the model ${quoted} answers. Try again shortly.`
    return new Fault('no-upstream', text, { retryAfterMs })
  }
  if (unheard.length > 0) {
    const text = `No server that answers has the model ${quoted}, and not all have answered yet: ${listed(unheard)}. ${available}`
    return new Fault('no-upstream', text, { retryAfterMs })
  }
  return new Fault('no-such-model', `No server has the model ${quoted}. ${available}`)
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, namesShown).join(', ')
  return names.length > namesShown ? `${shown} and ${names.length - namesShown} more` : shown
}
