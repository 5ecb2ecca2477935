import type { AskView, Gateway } from '../gateway.ts'
import type { VolumeState } from '../telemetry/disk.ts'
import type { FeedSnapshot } from '../telemetry/feed.ts'
import { type PressureGauge, signals } from '../telemetry/pressure.ts'
import { conditionOf } from './condition.ts'
import type { Crowd } from './reception.ts'

type Upstream = Gateway['fleet']['upstreams'][number]

type Trouble = ReturnType<Upstream['place']>['loadTrouble']

/** What the admin API shows, spelled as the config is. Written out field by field, so that nothing is shown by accident. */

export function upstreamsView({ fleet, world }: Pick<Gateway, 'fleet' | 'world'>): object {
  const now = world.now()
  return { upstreams: fleet.upstreams.map((upstream) => upstreamView(upstream, now)) }
}

function upstreamView(upstream: Upstream, now: number): object {
  const { settings, up, lastError, version, inFlight, breaker, gauge, advice } = upstream
  return {
    name: settings.name,
    kind: settings.backend.kind,
    url: settings.origin + settings.basePath,
    tier: settings.tier,
    up: up ?? null,
    // In one word, for people and alarms.
    state: upstream.state(now),
    // For people alone: more is told apart in it, in words that may change.
    condition: conditionOf(upstream, now),
    last_error: lastError ?? null,
    breaker: breaker.state(now),
    version: version ?? null,
    // Its own word, where it has one: it may serve others beside this gateway.
    gauge: gauge ?? null,
    advice,
    in_flight: inFlight,
    places: Array.from(upstream.places(), ([model, place]) => ({
      model,
      in_flight: place.inFlight,
      limit: place.limit.value,
      limit_pinned: place.limit.pinned,
      // What others have given the server to do: taken off its limit.
      foreign: place.limit.foreign,
      state: place.state(now),
      // Why it does not come into memory, and when that is tried again.
      trouble: troubleView(place.loadTrouble, now),
      stalls: place.stalls,
      loaded: place.loaded ?? null,
      // How long an ask of middling size that begins now is expected to take to its first token.
      expected_first_token_ms: Math.round(place.firstTokenMs(middlingTokens, now)),
    })),
    models: upstream.models().map(({ name, id, contextTokens, loaded, can }) => ({
      name,
      id,
      context_tokens: contextTokens ?? null,
      loaded: loaded ?? null,
      can: can === undefined ? null : [...can],
    })),
  }
}

const troubleView = (trouble: Trouble, now: number): object | null =>
  trouble === undefined
    ? null
    : {
        reason: trouble.reason,
        for_ms: Math.round(now - trouble.since),
        tried_again_in_ms: Math.max(0, Math.round(trouble.restsUntil - now)),
      }

const middlingTokens = 500

export function asksView(asks: readonly AskView[]): object {
  const running = asks.filter(({ state }) => state === 'running').length
  return { queued: asks.length - running, running, asks: asks.map(askView) }
}

const askView = (ask: AskView): object => ({
  id: ask.id,
  caller: ask.caller,
  model: ask.model,
  dialect: ask.dialect,
  priority: ask.priority,
  stream: ask.stream,
  state: ask.state,
  upstream: ask.upstream ?? null,
  age_ms: Math.round(ask.ageMs),
  expected_left_ms: ask.leftMs === undefined ? null : Math.round(ask.leftMs),
  prompt_tokens: ask.promptTokens,
})

export const diskView = (volumes: readonly VolumeState[]): object => ({
  volumes: volumes.map(({ name, path, state, usedRatio, freeBytes }) => ({
    volume: name,
    path,
    state,
    used_ratio: Math.round(usedRatio * 1_000) / 1_000,
    free_bytes: freeBytes,
  })),
})

export const feedView = (feed: FeedSnapshot): object => ({
  time: new Date(feed.epochMs).toISOString(),
  window_seconds: feed.windowSeconds,
  queued: feed.queued,
  running: feed.running,
  settled_ever: feed.settledEver,
  requests_per_second: feed.requestsPerSecond,
  output_tokens_per_second: feed.outputTokensPerSecond,
  served: feed.served,
  failed: feed.failed,
  refused: feed.refused,
  spilled: feed.spilled,
  first_token_ms: feed.firstTokenMs ?? null,
  total_ms: feed.totalMs ?? null,
  // By what factor first tokens came sooner or later than was predicted.
  first_token_off: feed.firstTokenOff ?? null,
  upstreams: feed.upstreams.map(({ name, served, outputTokens }) => ({ name, served, output_tokens: outputTokens })),
  history: {
    arrived: feed.history.arrived,
    served: feed.history.served,
    failed: feed.history.failed,
    spilled: feed.history.spilled,
    output_tokens: feed.history.outputTokens,
    queued_most: feed.history.queuedMost,
  },
  recent: feed.recent,
})

export interface BoundsSeen {
  readonly pressure: Pick<
    PressureGauge,
    'shares' | 'step' | 'givenUp' | 'isSparing' | 'isClosing' | 'isRefusing' | 'isShut'
  >
  readonly crowd: Crowd
}

export function pressureView({ pressure, crowd }: BoundsSeen): object {
  const { connections, connectionsMax, slowReaders, unreadBytes } = crowd
  return {
    shares: Object.fromEntries(signals.map((signal) => [signal, pressure.shares[signal] ?? null])),
    refuses_batch: pressure.isSparing,
    closes_connections: pressure.isClosing,
    refuses_requests: pressure.isRefusing,
    refuses_connections: pressure.isShut,
    gives_up: pressure.givenUp,
    connections,
    connections_max: connectionsMax,
    slow_readers: slowReaders,
    unread_bytes: unreadBytes,
  }
}
