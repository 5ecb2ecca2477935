import { Fault } from '../core/fault.ts'
import type { Layer } from '../core/serve.ts'

/** Keeps a caller to the models it may use. */
export const permit: Layer = (next) => (ask) => {
  const { models, id } = ask.caller
  if (models !== undefined && !models.has(ask.model)) {
    const allowed = models.size === 0 ? 'none' : [...models].slice(0, 5).join(', ')
    throw new Fault('forbidden', `The caller ${id} may not use this model. Allowed: ${allowed}.`)
  }
  return next(ask)
}
