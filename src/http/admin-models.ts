import type { By, Intent } from '../core/change.ts'
import { Fault } from '../core/fault.ts'
import type { Gateway } from '../gateway.ts'
import type { Asked } from './admin-routes.ts'
import { troubleWith } from './condition.ts'

type Fleet = Gateway['fleet']
type Models = ReturnType<Fleet['readiness']>

/** Every model on every server, up or down: whether it can be served now, and if not, why. */
export const modelsView = (models: Models, now: number): object => ({
  models: models.map(({ name, state, servers }) => ({
    name,
    state,
    servers: servers.map((server) => serverView(server, now)),
  })),
})

const serverView = (
  { upstream, model, place, state, loadFault }: Models[number]['servers'][number],
  now: number,
): object => ({
  upstream: upstream.settings.name,
  id: model.id,
  state,
  // In words, and until when: of the whole server, or of this model on it.
  why: troubleWith(upstream, model.id, now),
  load_fault: loadFault ?? null,
  loaded: place.loaded ?? null,
  // Kept there by models.preload; and whether the server would let go of it by itself.
  preload: place.tenant.isPinned,
  leaves: model.leaves ?? null,
  context_tokens: model.contextTokens ?? null,
  in_flight: place.inFlight,
  expected_load_ms: Math.round(place.pace.loadMs),
})

/** As people are told that such paths are there. */
export const orderPath = '/api/models/NAME/load|unload'

/** A name in a path may have slashes and colons as they are, and anything else in code. */
const order = /^\/api\/models\/(.+)\/(load|unload)$/

type Order = Parameters<Fleet['obey']>[0]

/** Throws the Fault of a name that is none. */
export function orderOf({ path, query }: Pick<Asked, 'path' | 'query'>): Order {
  const [, name = '', verb] = order.exec(path) ?? []
  return {
    verb: verb === 'load' ? 'load' : 'unload',
    model: decoded(name),
    upstream: query.get('upstream') ?? undefined,
  }
}

/** As it is taken down. */
export const orderIntent = ({ verb, model, upstream }: Order, by: By): Intent => ({
  ...by,
  action: `model.${verb}`,
  subject: model,
  detail: upstream,
})

/** Resolves when it is done, which may take as long as the largest model takes to load. */
export async function obeyed(fleet: Fleet, wanted: Order): Promise<object> {
  const done = await fleet.obey(wanted)
  return {
    ok: true,
    servers: done.map(({ upstream, model, result, tookMs }) => ({
      upstream,
      id: model,
      result: result.replace(' ', '_'),
      took_ms: Math.round(tookMs),
    })),
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    throw new Fault('bad-request', 'The name of the model is not UTF-8.')
  }
}
