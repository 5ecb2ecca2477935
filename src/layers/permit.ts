import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import { checkSpeaks, mayUse } from '../core/scope.ts'
import type { Layer } from '../core/serve.ts'

/** Keeps a caller to the dialects and the models it may use. */
export const permit: Layer = (next) => (ask) => {
  checkPermitted(ask)
  return next(ask)
}

export function checkPermitted({ caller, model, dialect }: Ask): void {
  checkSpeaks(caller, dialect)
  if (mayUse(caller, model)) return
  const { models = caller.team?.models ?? noModels, id } = caller
  const allowed = models.size === 0 ? 'none' : [...models].slice(0, 5).join(', ')
  throw new Fault('forbidden', `The caller ${id} may not use this model. Allowed: ${allowed}.`)
}

const noModels: ReadonlySet<string> = new Set()
