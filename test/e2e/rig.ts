import assert from 'node:assert/strict'
import { openHouse } from '../../src/cli/house.ts'
import type { ConfigInput } from '../../src/config/schema.ts'
import { doorsOf, parse, settingsOf } from '../../src/config/settings.ts'
import type { Event } from '../../src/core/event.ts'
import type { Gateway } from '../../src/gateway.ts'
import type { ServerOptions } from '../../src/sim/server-spec.ts'
import { listen } from '../../src/sim/sockets.ts'
import { backendKind, type Kind, Witness } from './witness.ts'

export const model = 'llama3.1:8b'

/** A question whose answer goes on until somebody has heard enough. */
export const endless = 'Say 100000 words.'

/** A picture, in base64. */
export const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** Whoever can say that what was opened for it may be closed: a test, or a suite. */
export interface Ends {
  after(close: () => unknown): void
}

export interface Scene {
  readonly gateway: Gateway
  /** Where clients reach the gateway: `http://127.0.0.1:40123`. */
  readonly url: string
  /** Where its operator does. */
  readonly adminUrl: string
}

export interface Stage extends Scene {
  readonly server: Witness
  readonly events: readonly Event[]
}

type UpstreamInput = ConfigInput['upstreams'][number]

export interface StageOptions {
  readonly server?: ServerOptions
  readonly upstream?: Partial<UpstreamInput>
  readonly config?: Partial<ConfigInput>
}

/** The whole gateway on real sockets, in front of one simulated server on another. */
export async function stage(
  t: Ends,
  kind: Kind,
  { server: options, upstream, config }: StageOptions = {},
): Promise<Stage> {
  const server = new Witness(kind, options)
  const events: Event[] = []
  const scene = await stand(t, [server], { ...config, upstream }, (event) => events.push(event))
  return { server, events, ...scene }
}

/** A gateway on a socket in front of simulated servers, each on its own. */
export async function stand(
  t: Ends,
  servers: readonly Witness[],
  { upstream, ...config }: Partial<ConfigInput> & { readonly upstream?: Partial<UpstreamInput> | undefined } = {},
  hear?: (event: Event) => void,
): Promise<Scene> {
  const sockets = await Promise.all(servers.map((server) => listen(server)))
  const upstreams = servers.map(({ spec: { name }, kind }, at) => {
    return { name, kind: backendKind(kind), url: sockets[at]!.origin, concurrency: 16, ...upstream }
  })
  const scene = await open(t, { ...config, upstreams }, hear)
  // After the gateway, which would notice.
  t.after(() => Promise.all(sockets.map((socket) => socket.close())))
  return scene
}

/** A gateway on a socket, as `spillway serve` opens it, until the end of the test: with a ledger on the disk, where there is a folder for it. */
export async function open(
  t: Ends,
  config: ConfigInput,
  hear?: (event: Event) => void,
  dataDir?: string,
): Promise<Scene> {
  const parsed = parse({ listen: '127.0.0.1:0', admin: { listen: '127.0.0.1:0' }, ...config })
  const { upstream_transport: transport } = parsed
  const house = await openHouse({
    settings: settingsOf(parsed),
    doors: doorsOf(parsed),
    transport,
    listen: hear,
    ...(dataDir !== undefined && { records: { dataDir, url: undefined } }),
  })
  t.after(() => house.close(0))
  return { url: house.address, adminUrl: house.adminAddress, gateway: house.gateway }
}

/** Looks again and again until it is so, and tells how long that took. */
export async function until(isSo: () => boolean | Promise<boolean>, withinMs: number, what: string): Promise<number> {
  const startedAt = performance.now()
  while (!(await isSo())) {
    assert.ok(performance.now() - startedAt < withinMs, `Not within ${withinMs} ms: ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return performance.now() - startedAt
}

/** Who has hung up costs the server nothing any more. */
export async function stops(server: Witness, withinMs = 1_000): Promise<void> {
  await until(() => server.ledger.open === 0, withinMs, 'the server stopped generating')
  const { outputTokens } = server.ledger
  await new Promise((resolve) => setTimeout(resolve, 10))
  assert.equal(server.ledger.outputTokens, outputTokens)
}
