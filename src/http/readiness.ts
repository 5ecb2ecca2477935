import type { Gateway } from '../gateway.ts'
import type { Caller } from '../core/ask.ts'
import { mayUse } from '../core/scope.ts'
import { isNearHost } from './strangers.ts'

/** Who asks whether the gateway is ready. */
export interface Looker {
  /** The address it comes from. */
  readonly address: string | undefined
  /** The same, or what proxies that are trusted say of it. */
  readonly seenFrom: string | undefined
  readonly host: string
  readonly origin: string | undefined
  /** It says that it asks for somebody else. */
  readonly isProxy: boolean
  readonly credential: string | undefined
}

export interface Readiness {
  readonly ok: boolean
  readonly body: object
}

/**
 * Whether the gateway can be sent requests; with a model, whether it can serve that one now. What the models and the servers
 * are called is told to callers and on this machine; to anybody else, how many there are.
 */
export function readiness(gateway: Gateway, ready: boolean, looker: Looker, model: string | undefined): Readiness {
  const { fleet } = gateway
  const seen = namesFor(gateway, looker)
  if (model !== undefined) {
    const state = seen !== undefined && !mayUse(seen, model) ? undefined : fleet.stateOf(model)
    const ok = ready && state === 'ready'
    return { ok, body: seen === undefined ? { ok } : { ok, model, state: state ?? 'unknown' } }
  }
  const models = fleet.readiness()
  const upstreams = fleet.upstreams.map((one) => [one.settings.name, fleet.upstreamState(one)] as const)
  if (seen === undefined) {
    const count = (states: readonly string[], good: string): object => ({
      [good]: states.filter((state) => state === good).length,
      all: states.length,
    })
    const [ofModels, ofUpstreams] = [models.map(({ state }) => state), upstreams.map(([, state]) => state)]
    return { ok: ready, body: { ok: ready, models: count(ofModels, 'ready'), upstreams: count(ofUpstreams, 'up') } }
  }
  const shown = models.filter(({ name }) => mayUse(seen, name)).map(({ name, state }) => [name, state] as const)
  const body = { ok: ready, models: Object.fromEntries(shown), upstreams: Object.fromEntries(upstreams) }
  return { ok: ready, body }
}

/** The models that may be named to whoever asks, all of them where nothing is said; undefined where none may. */
function namesFor(gateway: Gateway, looker: Looker): Pick<Caller, 'models' | 'team'> | undefined {
  if (gateway.callers.isOpen || isHere(looker)) return { models: undefined }
  try {
    return gateway.identify(looker.credential, looker.seenFrom)
  } catch {
    return undefined
  }
}

/** On this machine, and no browser that was led here: its owner, who sees the admin port as well. */
const isHere = ({ address = '', host, origin, isProxy }: Looker): boolean =>
  /^(?:::ffff:)?127\.|^::1$/.test(address) && isNearHost(host) && origin === undefined && !isProxy
