import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Fault } from '../core/fault.ts'
import type { Gateway } from '../gateway.ts'
import type { DiskWatch } from '../telemetry/disk.ts'
import type { Feed } from '../telemetry/feed.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { Audience } from './admin-events.ts'
import { explain, type ExplainGateway } from './admin-explain.ts'
import { isLoopback, knowsToken, refusalOf } from './admin-guard.ts'
import { modelsView, isOrder, obeyed, orderPath } from './admin-models.ts'
import { readPage } from './admin-page.ts'
import { pricesView } from './admin-prices.ts'
import { reportAnswer } from './admin-report.ts'
import { statusView } from './admin-status.ts'
import { asksView, type BoundsSeen, diskView, feedView, pressureView, upstreamsView } from './admin-views.ts'
import type { ConfigStatus } from './config-status.ts'
import { type Trouble, troublesOf } from './troubles.ts'

export interface AdminOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  /** Asked for as `authorization: Bearer …`. Without one, the port is for this machine alone. */
  readonly token?: string | undefined
  readonly metrics: Pick<Metrics, 'render'>
  readonly feed: Pick<Feed, 'snapshot'>
  /** How near the process is to what it may use. */
  readonly bounds?: BoundsSeen | undefined
  readonly disk?: Pick<DiskWatch, 'volumes'> | undefined
  /** Reads the config again; rejects with what is wrong with it, one by one in `problems` where it can. */
  readonly reload?: (() => Promise<void>) | undefined
  /** How it stands with the configuration. */
  readonly config?: (() => ConfigStatus) | undefined
  /** A socket that somebody else made and keeps, to be listened on in place of one at host and port. */
  readonly socket?: object | undefined
}

export interface Admin {
  readonly address: { readonly host: string; readonly port: number }
  close(): Promise<void>
}

type AdminGateway = Pick<Gateway, 'fleet' | 'world' | 'asks' | 'subscribe' | 'ready' | 'settings' | 'ledger'> &
  ExplainGateway

type Answer = (response: ServerResponse, asked: Asked) => void | Promise<void>

interface Asked {
  readonly path: string
  readonly query: URLSearchParams
  readonly body: Buffer
}

interface Route {
  readonly method: 'GET' | 'POST'
  readonly answer: Answer
  /** The largest body it takes, where it takes one worth reading. */
  readonly bodyMaxBytes?: number
  /** Holds nothing worth guarding: the page itself, which then asks for the token. */
  readonly open?: true
}

const usualMaxBytes = 64 * 1024
const connectionsMax = 64
/** As much as callers may send, whose requests these are. */
const explainMaxBytes = 32 * 1024 * 1024

/** The operator's port: metrics, the admin API and a live page. Nothing on it can show what anybody asked or was answered. */
export async function startAdmin(gateway: AdminGateway, options: AdminOptions): Promise<Admin> {
  const { host, port, token, socket } = options
  if (token === '' || (token === undefined && !isLoopback(host))) {
    throw new Error(`The admin port may listen on ${host} only with a token: set admin.token, or listen on 127.0.0.1.`)
  }
  const audience = new Audience(gateway)
  const routes = routesOf(gateway, options, audience)

  const server = createServer({ maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000 })
  server.on('request', (request, response) => {
    handle(request, response, { routes, host, token }).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else refuse(response, 500, 'internal_error', error instanceof Error ? error.name : 'Something went wrong.')
    })
  })
  // Not a 408 when somebody dawdles: clients take that for an invitation to try again.
  server.on('clientError', (_error, connection) => connection.destroy())
  // A file too many ends a connection and nothing else; and the operator's port is for few.
  server.on('error', () => {})
  server.maxConnections = connectionsMax
  await listening(server, socket === undefined ? { host, port } : socket)

  const { address, port: boundPort } = server.address() as AddressInfo
  return {
    address: { host: address, port: boundPort },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        audience.close()
        server.closeIdleConnections()
        // A watcher that does not take its end is not waited for.
        setTimeout(() => server.closeAllConnections(), 1_000).unref()
      }),
  }
}

function routesOf(
  gateway: AdminGateway,
  { metrics, feed, disk, reload, config, bounds }: AdminOptions,
  audience: Audience,
): ReadonlyMap<string, Route> {
  const { html, policy } = readPage()
  const pageHeaders = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy }
  const metricsHeaders = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }
  const get = (answer: Answer): Route => ({ method: 'GET', answer })
  const view = (look: () => object): Route => get((response) => json(response, 200, look()))
  const troubles = (): readonly Trouble[] =>
    troublesOf({
      fleet: gateway.fleet,
      world: gateway.world,
      givenUp: bounds?.pressure.givenUp ?? [],
      volumes: disk?.volumes ?? [],
    })
  return new Map<string, Route>([
    ['/', { ...get((response) => send(response, 200, html, pageHeaders)), open: true }],
    ['/metrics', get((response) => send(response, 200, metrics.render(), metricsHeaders))],
    ['/api/upstreams', view(() => upstreamsView(gateway))],
    ['/api/status', view(() => statusView(gateway, config?.(), troubles()))],
    ['/api/asks', view(() => asksView(gateway.asks()))],
    ['/api/models', view(() => modelsView(gateway.fleet.readiness(), gateway.world.now()))],
    [
      orderPath,
      {
        method: 'POST',
        answer: (response, { path, query }) => orRefused(response, () => obeyed(gateway.fleet, path, query)),
      },
    ],
    ['/api/prices', view(() => pricesView(gateway))],
    ['/api/report', get((response, { query }) => orRefused(response, () => reportAnswer(gateway, query)))],
    ['/api/disk', view(() => diskView(disk?.volumes ?? []))],
    ['/api/feed', view(() => feedView(feed.snapshot()))],
    ...(bounds === undefined ? [] : [['/api/pressure', view(() => pressureView(bounds))] as const]),
    ['/api/events', get((response) => watch(response, audience))],
    [
      '/api/explain',
      {
        method: 'POST',
        answer: (response, asked) => explained(response, gateway, asked),
        bodyMaxBytes: explainMaxBytes,
      },
    ],
    ['/api/reload', { method: 'POST', answer: (response) => reloaded(response, reload) }],
  ])
}

interface House {
  readonly routes: ReadonlyMap<string, Route>
  readonly host: string
  readonly token: string | undefined
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { routes, host, token }: House,
): Promise<void> {
  const { method = '', url: target = '', rawHeaders } = request
  const refusal = refusalOf({ method, target, rawHeaders, localAddress: request.socket.localAddress }, host)
  if (refusal !== undefined) return refuse(response, refusal.status, refusal.code, refusal.message)

  const path = target.split('?', 1)[0]!
  const route = routes.get(isOrder(path) ? orderPath : path)
  if (token !== undefined && route?.open !== true && !knowsToken(request.headers.authorization, token)) {
    response.setHeader('www-authenticate', 'Bearer')
    return refuse(response, 401, 'invalid_token', 'This port asks for the admin token: authorization: Bearer TOKEN.')
  }
  if (route === undefined) {
    return refuse(response, 404, 'not_found', `There is no ${path} here. There are ${[...routes.keys()].join(', ')}.`)
  }
  if (method !== route.method && !(method === 'HEAD' && path !== '/api/events' && route.method === 'GET')) {
    response.setHeader('allow', route.method)
    return refuse(response, 405, 'method_not_allowed', `${path} takes ${route.method}.`)
  }
  const { bodyMaxBytes = usualMaxBytes } = route
  const body = method === 'POST' ? await readBody(request, bodyMaxBytes) : noBody
  if (body === undefined) {
    return refuse(response, 413, 'request_too_large', `The body may have ${bodyMaxBytes} bytes.`)
  }
  await route.answer(response, { path, query: new URLSearchParams(target.slice(path.length)), body })
}

function watch(response: ServerResponse, audience: Audience): void {
  if (audience.full) return refuse(response, 503, 'too_many_watchers', 'As many as may already watch the events.')
  setCommon(response)
  audience.admit(response)
}

async function reloaded(response: ServerResponse, reload: AdminOptions['reload']): Promise<void> {
  if (reload === undefined) {
    return refuse(
      response,
      409,
      'cannot_reload',
      'There is no config here that could be read again: start Spillway anew.',
    )
  }
  try {
    await reload()
  } catch (error) {
    // What runs goes on with the config it has.
    const message = error instanceof Error ? error.message : String(error)
    const problems = error instanceof Error && 'problems' in error ? { problems: error.problems } : {}
    return json(response, 400, { ok: false, error: { code: 'invalid_config', message, ...problems } })
  }
  json(response, 200, { ok: true })
}

async function explained(response: ServerResponse, gateway: AdminGateway, { query, body }: Asked): Promise<void> {
  await orRefused(response, () => explain(gateway, query, body))
}

/** What goes wrong with a request for a reason is told in its own words. */
async function orRefused(response: ServerResponse, answer: () => Promise<object>): Promise<void> {
  try {
    json(response, 200, await answer())
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    refuse(response, error.status, error.code, error.message)
  }
}

/** Undefined when it is too large. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  // Leaving early must not close the connection: the answer is still to go out on it.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length
    if (size > maxBytes) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

const noBody = Buffer.alloc(0)

const refuse = (response: ServerResponse, status: number, code: string, message: string): void =>
  json(response, status, { ok: false, error: { code, message } })

const json = (response: ServerResponse, status: number, body: object): void =>
  send(response, status, `${JSON.stringify(body)}\n`, { 'content-type': 'application/json; charset=utf-8' })

function send(response: ServerResponse, status: number, body: string, headers: Readonly<Record<string, string>>): void {
  setCommon(response)
  // What is left of a refused body is not worth reading.
  if (status === 413 || status === 400) response.setHeader('connection', 'close')
  response.writeHead(status, headers).end(response.req.method === 'HEAD' ? undefined : body)
}

function setCommon(response: ServerResponse): void {
  response.setHeader('cache-control', 'no-store')
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('referrer-policy', 'no-referrer')
  response.setHeader('cross-origin-resource-policy', 'same-origin')
}

function listening(server: Server, at: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(at, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
