import type { Ask } from '../core/ask.ts'
import type { AnswerAbout, Begun, Dialect } from '../core/dialect.ts'
import { steadyDate, type World } from '../core/world.ts'

/** What the answer to this ask must say of itself; with what is `begun`, as its rest. */
export function aboutFor(ask: Ask, own: Dialect, world: World, begun: Begun | undefined): AnswerAbout {
  const { id, model, promptTokens, body } = ask
  const epochMs = steadyDate(world)
  const wantsUsage = own.form === 'talk' && own.wantsUsage(body)
  return { id, model, promptTokens, createdMs: epochMs(), wantsUsage, epochMs, body, begun }
}
