import { backendOf } from '../../src/backends/index.ts'
import type { Json } from '../../src/core/json.ts'
import type { Settings, UpstreamSettings } from '../../src/core/settings.ts'
import type { Inbound, Outbound, World } from '../../src/core/world.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'

/** What a server without a socket answers to a request for an answer. */
export type Answering = (out: Outbound, kind: string) => Inbound

/** Those there are, by kind; each has one model that is called like it. */
export const kinds = ['openai-compatible', 'anthropic', 'ollama'] as const

/** The production gateway on servers that answer as they are told, without a network. */
export function house(answering: Answering, now: () => number = () => performance.now()): Gateway {
  const world: World = {
    now,
    epochMs: () => Date.now(),
    random: Math.random,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          resolve()
        }
        const timer = setTimeout(done, ms).unref()
        signal?.addEventListener('abort', done, { once: true })
      }),
    send: (out) => Promise.resolve(answering(out, new URL(out.origin).hostname)),
  }
  const upstreams = kinds.map((kind): UpstreamSettings => ({
    name: kind,
    backend: backendOf(kind)!,
    origin: `http://${kind}`,
    basePath: '',
    apiKey: undefined,
    tier: 0,
    concurrency: 1_000,
    serve: new Map([[kind, kind]]),
    context: new Map(),
  }))
  const settings: Settings = {
    upstreams,
    queue: { max: 10, patienceMs: 100 },
    callers: [],
    timeouts: { connectMs: 1_000, firstTokenMs: 5_000, gapMs: 5_000 },
    attemptsMax: 1,
    probeEveryMs: 1_000_000,
  }
  return createGateway(settings, { world })
}

export function inboundOf(status: number, type: string, pieces: readonly Uint8Array[]): Inbound {
  return {
    status,
    headers: { 'content-type': type },
    body: {
      [Symbol.asyncIterator]: () => {
        let at = 0
        return {
          next: () =>
            Promise.resolve(
              at < pieces.length ? { done: false, value: pieces[at++]! } : { done: true, value: undefined },
            ),
          return: () => {
            at = pieces.length
            return Promise.resolve({ done: true, value: undefined })
          },
        }
      },
    },
  }
}

export const bodyIn = ({ body }: Outbound): Json => JSON.parse(Buffer.from(body ?? []).toString()) as Json
