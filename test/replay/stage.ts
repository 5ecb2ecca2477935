import assert from 'node:assert/strict'
import type { UpstreamSettings } from '../../src/core/settings.ts'
import type { Event } from '../../src/core/event.ts'
import type { Outcome } from '../../src/core/reply.ts'
import { createGateway } from '../../src/gateway.ts'
import { startDoor } from '../../src/http/server.ts'
import { realWorld } from '../../src/http/world.ts'
import { type Fixture, fixture, type Server } from '../conformance/fixtures.ts'
import { type Answer, Client } from './client.ts'
import { type Scene, wishOf } from './scenes.ts'
import { type Request, startReplay } from './server.ts'

/** The whole gateway between a client and replayed servers, all on real sockets. */
export interface Stage {
  /** Asks for the scene as its caller would. */
  perform(scene: Scene): Promise<Answer>
  /** How the gateway settled it. */
  outcome(scene: Scene): Outcome | undefined
  close(): Promise<void>
}

/** A server that falls silent does so only for those who wait for no other. */
const silenceMs = 1_000

export async function openStage(scenes: readonly Scene[]): Promise<Stage> {
  const byName = new Map(scenes.map((scene) => [scene.name, scene]))
  const replay = await startReplay((name, request) => {
    const scene = byName.get(name)
    assert.ok(scene !== undefined, name)
    return request.method === 'POST' && isForModel(scene, request)
      ? scene.exchange
      : aside(scene.exchange.server, request)
  })
  const isSilent = ({ exchange: { end } }: Scene): boolean => end === 'abort' || end === 'timeout'
  const outcomes = new Map<string, Outcome>()
  const listen = (event: Event): void => {
    if (event.type === 'ask-settled') outcomes.set(event.ask.model, event.outcome)
  }
  // Each in its turn, or a thousand servers would be looked at in one moment.
  const houses = new Map<Scene, House>()
  for (const [some, patienceMs] of [
    ...inGroups(scenes.filter(isSilent)).map((group) => [group, silenceMs] as const),
    ...inGroups(scenes.filter((scene) => !isSilent(scene))).map((group) => [group, 60_000] as const),
  ]) {
    const house = await open(some, replay.url, patienceMs, listen)
    for (const scene of some) houses.set(scene, house)
  }
  return {
    perform: (scene) => {
      const { path, ask } = scene.listener
      return houses.get(scene)!.client.post(path, ask(wishOf(scene)))
    },
    outcome: ({ name }) => outcomes.get(name),
    close: async () => {
      await Promise.all(Array.from(new Set(houses.values()), (house) => house.close()))
      await replay.close()
    },
  }
}

const inGroups = (scenes: readonly Scene[]): Scene[][] =>
  Array.from({ length: Math.ceil(scenes.length / 100) }, (_, at) => scenes.slice(at * 100, at * 100 + 100))

interface House {
  readonly client: Client
  close(): Promise<void>
}

async function open(
  scenes: readonly Scene[],
  urlOf: (scene: string) => string,
  patienceMs: number,
  listen: (event: Event) => void,
): Promise<House> {
  const upstreams = scenes.map(({ name, backend, served }): UpstreamSettings => {
    const { origin, pathname } = new URL(urlOf(name))
    return {
      name,
      backend,
      origin,
      basePath: pathname,
      apiKey: undefined,
      tier: 0,
      concurrency: 4,
      serve: new Map([[name, served]]),
      context: new Map(),
    }
  })
  const world = realWorld({ connectMs: 30_000 })
  const gateway = createGateway(
    {
      upstreams,
      queue: { max: 10_000, patienceMs: 8_000 },
      callers: [],
      timeouts: { connectMs: 30_000, firstTokenMs: 5 * patienceMs, gapMs: patienceMs },
      attemptsMax: 3,
      probeEveryMs: 600_000,
    },
    { world },
  )
  gateway.subscribe(listen)
  const door = await startDoor(gateway, { host: '127.0.0.1', port: 0 })
  await gateway.start()
  const client = new Client(`http://127.0.0.1:${door.address.port}`)
  return {
    client,
    close: async () => {
      client.close()
      await door.close(0)
      await gateway.stop()
      await world.close()
    },
  }
}

function isForModel({ exchange }: Scene, { path, body }: Request): boolean {
  if (path !== exchange.path) return false
  const { prompt, input, messages } = JSON.parse(body) as Record<string, unknown>
  return [prompt, input, messages].some((asked) => asked !== undefined && (asked as unknown[] | string).length > 0)
}

/** Whatever else a gateway may want of a server, as it was recorded when all was well. */
function aside(server: Server, { method, path, body }: Request): Fixture {
  const name = asides[server][`${method} ${path.split('?')[0]}`]
  if (name === undefined)
    return fixture(server === 'ollama' ? 'ollama/unknown-route-404' : 'llamacpp/unknown-route-404')
  return name === 'generate-preload' && body.includes('"embedder') ? unfit() : fixture(`${server}/${name}`)
}

/** A model for vectors, asked for words: recorded of a chat, and said of any other route in the same way. */
function unfit(): Fixture {
  const recorded = fixture('ollama/chat-embedding-model-400')
  const said = Buffer.from(recorded.body.toString().replace('chat', 'generate'))
  const headers = recorded.headers.map(([name, value]) =>
    name === 'Content-Length' ? ([name, String(said.length)] as const) : ([name, value] as const),
  )
  return { ...recorded, headers, chunks: [said], body: said }
}

const asides: Readonly<Record<Server, Readonly<Record<string, string>>>> = {
  ollama: {
    'GET /api/version': 'version',
    'GET /api/tags': 'tags',
    'GET /api/ps': 'ps-loaded',
    'GET /v1/models': 'v1-models',
    'POST /api/show': 'show',
    'POST /api/generate': 'generate-preload',
    'POST /api/embed': 'embed-empty',
  },
  llamacpp: {
    'GET /health': 'health',
    'GET /props': 'props',
    'GET /slots': 'slots-fresh',
    'GET /metrics': 'metrics',
    'GET /v1/models': 'v1-models',
    'GET /models': 'v1-models',
    'POST /v1/messages/count_tokens': 'v1-messages-count-tokens',
    'POST /v1/chat/completions/input_tokens': 'input-tokens',
  },
}
