import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import { hasName } from '../core/names.ts'
import type { Layer } from '../core/serve.ts'

/** Keeps a caller to the models it may use. */
export const permit: Layer = (next) => (ask) => {
  checkPermitted(ask)
  return next(ask)
}

export function checkPermitted({ caller, model }: Ask): void {
  const { models, id } = caller
  if (models === undefined || hasName(models, model)) return
  const allowed = models.size === 0 ? 'none' : [...models].slice(0, 5).join(', ')
  throw new Fault('forbidden', `The caller ${id} may not use this model. Allowed: ${allowed}.`)
}
