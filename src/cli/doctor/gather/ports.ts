import { once } from 'node:events'
import { createServer } from 'node:net'
import { type Address, urlOf } from '../../../config/address.ts'
import type { DoorSettings } from '../../../config/settings.ts'
import { isObject } from '../../../core/json.ts'
import type { PortFacts } from '../facts.ts'

const patienceMs = 2_000

/** Who listens where the gateway is to listen. */
export async function gatherPorts({ listen, admin }: DoorSettings): Promise<readonly PortFacts[]> {
  const all = [
    { key: 'listen', address: listen, path: '/healthz' },
    { key: 'admin.listen', address: admin, path: '/api/upstreams' },
  ]
  return Promise.all(
    all.map(async ({ key, address, path }) => {
      const code = await codeOf(address)
      const state = code !== 'EADDRINUSE' ? (code ?? 'free') : (await isOurs(address, path)) ? 'ours' : 'taken'
      return { key, address: `${address.host}:${address.port}`, state }
    }),
  )
}

/** What keeps anybody from listening there; undefined for nothing. */
async function codeOf({ host, port }: Address): Promise<string | undefined> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
    server.close()
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error'
  }
}

/** The callers' port says that it is well, and the operator's that it has upstreams or wants a token, in our words. */
async function isOurs(address: Address, path: string): Promise<boolean> {
  const answer = await askedAt(address, path)
  const { ok, upstreams, error } = answer?.json ?? {}
  return ok === true || Array.isArray(upstreams) || (isObject(error) && error['code'] === 'invalid_token')
}

export interface Answer {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
}

/** What is said to a question there; undefined where nobody answers with JSON. */
export async function askedAt(address: Address, path: string, token?: string): Promise<Answer | undefined> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  try {
    const response = await fetch(reachable(address) + path, { headers, signal: AbortSignal.timeout(patienceMs) })
    const json: unknown = await response.json()
    return isObject(json) ? { status: response.status, json } : undefined
  } catch {
    return undefined
  }
}

/** What listens everywhere is here as well. */
const reachable = ({ host, port }: Address): string =>
  urlOf({ host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port })
