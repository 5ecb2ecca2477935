import type { Ask } from '../core/ask.ts'
import type { Dialect } from '../core/dialect.ts'
import type { Json } from '../core/json.ts'
import type { Offer } from '../fleet/offering.ts'

/** A way to have the tokens of an ask counted by a server that has the model; undefined where it does not count. */
export function counter(
  ask: Ask,
  { upstream, model }: Offer,
  dialectOf: (id: string) => Dialect,
): (() => Promise<number>) | undefined {
  const { backend } = upstream.settings
  const own = dialectOf(ask.dialect)
  const [first] = Object.keys(backend.speaks)
  const theirs = first === undefined ? undefined : dialectOf(first)
  if (backend.countTokens === undefined || upstream.up === false || own.form !== 'talk' || theirs?.form !== 'talk')
    return undefined
  return () => {
    const prompt = { ...own.readPrompt(ask.body), model: model.id }
    const body: Json = own === theirs ? { ...ask.body, model: model.id } : theirs.writePrompt(prompt)
    return backend.countTokens!(upstream.call, body)
  }
}
