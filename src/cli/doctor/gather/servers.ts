import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { networkInterfaces } from 'node:os'
import { lookup } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { isLoopback } from '../../../config/address.ts'
import type { Config } from '../../../config/schema.ts'
import { settingsOf } from '../../../config/settings.ts'
import type { UpstreamSettings } from '../../../core/settings.ts'
import type { World } from '../../../core/world.ts'
import { createGateway, type Gateway } from '../../../gateway.ts'
import { realWorld } from '../../../http/world.ts'
import type { CertificateFacts, ServerFacts } from '../facts.ts'

const patienceMs = 3_000
const dayMs = 86_400_000

type Upstream = Gateway['fleet']['upstreams'][number]

/** Looks at each server as the gateway does, and at what it tells besides. Nothing is loaded. */
export async function gatherServers(config: Config): Promise<readonly ServerFacts[]> {
  const settings = settingsOf(config)
  const world = realWorld({ transport: config.upstream_transport, connectMs: settings.timeouts.connectMs })
  // What the servers list, not what is made of it; and nothing that is to be brought into memory.
  const bare = settings.upstreams.map((one) => ({
    ...one,
    serve: undefined,
    context: new Map<string, number>(),
    preload: [],
  }))
  const gateway = createGateway({ ...settings, upstreams: bare }, { world })
  try {
    await gateway.start()
    return await Promise.all(
      gateway.fleet.upstreams.map((upstream, at) => factsOf(upstream, settings.upstreams[at]!, world)),
    )
  } finally {
    await gateway.stop()
    await world.close()
  }
}

async function factsOf(upstream: Upstream, settings: UpstreamSettings, world: World): Promise<ServerFacts> {
  const { up, lastError, version, advice } = upstream
  const { hostname, protocol, port } = new URL(settings.origin)
  const host = hostname.replace(/^\[|\]$/g, '')
  const [addresses, openAt, aheadMs, certificate] = await Promise.all([
    addressesOf(host),
    up === true && isLoopback(host) ? openAtOf(Number(port)) : undefined,
    up === true ? aheadOf(settings, world) : undefined,
    protocol === 'https:' ? certificateOf(host, port === '' ? 443 : Number(port)) : undefined,
  ])
  return {
    settings,
    up: up === true,
    lastError,
    version,
    advice,
    models: upstream.models(),
    find: (name) => upstream.modelFor(name),
    addresses,
    openAt,
    aheadMs,
    certificate,
  }
}

async function addressesOf(host: string): Promise<readonly string[] | string> {
  const found = lookup(host, { all: true }).then(
    (all) => all.map(({ address }) => address),
    (error: NodeJS.ErrnoException) => error.code ?? 'error',
  )
  // It cannot be called off, only not waited for.
  return Promise.race([found, sleep(patienceMs, 'no answer in time', { ref: false })])
}

/** Where it can be reached from elsewhere as well: the first address of this machine at which it answers. */
async function openAtOf(port: number): Promise<string | undefined> {
  const all = Object.values(networkInterfaces()).flatMap((found = []) => found)
  for (const { address, internal, family } of all) {
    if (internal || family !== 'IPv4') continue
    const socket = connectPlain({ host: address, port, timeout: patienceMs })
    try {
      await Promise.race([
        once(socket, 'connect'),
        once(socket, 'timeout').then(() => Promise.reject(new Error('late'))),
      ])
      return `${address}:${port}`
    } catch {
      // Not there.
    } finally {
      socket.destroy()
    }
  }
  return undefined
}

/** Its clock as any answer shows it, to the second. */
async function aheadOf({ origin, basePath }: UpstreamSettings, world: World): Promise<number | undefined> {
  const enough = AbortSignal.timeout(patienceMs)
  const path = basePath === '' ? '/' : basePath
  try {
    const out = { method: 'GET', origin, path, headers: [], body: undefined, signal: enough } as const
    const { headers, body } = await world.send(out)
    const toldMs = Date.parse(headers['date'] ?? '')
    const now = world.epochMs()
    await body[Symbol.asyncIterator]().return?.()
    return Number.isNaN(toldMs) ? undefined : toldMs - now
  } catch {
    return undefined
  }
}

function certificateOf(host: string, port: number): Promise<CertificateFacts | undefined> {
  return new Promise((resolve) => {
    // Also one that is not good is looked at: when it ends is worth knowing.
    const socket = connect(
      { host, port, servername: /[a-z]/i.test(host) ? host : '', rejectUnauthorized: false },
      () => {
        const validTo = Date.parse(socket.getPeerCertificate().valid_to)
        const fault = socket.authorized ? undefined : String(socket.authorizationError)
        const daysLeft = Number.isNaN(validTo) ? undefined : (validTo - Date.now()) / dayMs
        socket.destroy()
        resolve({ daysLeft, fault })
      },
    )
    socket.setTimeout(patienceMs, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    // Whether it answers at all is said elsewhere.
    socket.on('close', () => resolve(undefined))
  })
}
