import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { audited, type By } from '../core/change.ts'
import type { Gateway } from '../gateway.ts'
import type { KeyDesk } from '../keys/desk.ts'
import { networkOf } from '../keys/networks.ts'
import type { Audit } from '../ledger/audit.ts'
import type { DiskWatch } from '../telemetry/disk.ts'
import type { Feed } from '../telemetry/feed.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { json, readBody, refuse, send, setCommon } from './admin-answer.ts'
import { auditPlaces } from './admin-audit.ts'
import { Audience } from './admin-events.ts'
import { explain, type ExplainGateway } from './admin-explain.ts'
import { isLoopback, knowsToken, refusalOf } from './admin-guard.ts'
import { keyPlaces } from './admin-keys.ts'
import { modelsView, obeyed, orderIntent, orderOf, orderPath } from './admin-models.ts'
import { moneyPlaces, type MoneySource } from './admin-money.ts'
import { readPage } from './admin-page.ts'
import { pricesView } from './admin-prices.ts'
import { reportAnswer } from './admin-report.ts'
import { AdminRoutes, type Asked, bodied, does, type Place, type Route } from './admin-routes.ts'
import { statusView } from './admin-status.ts'
import { Tries } from './admin-tries.ts'
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
  readonly reload?: ((by: By) => Promise<void>) | undefined
  /** Where keys of callers are made and taken back, where they can be. */
  readonly keys?: KeyDesk | undefined
  /** How it stands with the configuration. */
  readonly config?: (() => ConfigStatus) | undefined
  /** Who changed what. */
  readonly audit?: Pick<Audit, 'add' | 'list'> | undefined
  /** A socket that somebody else made and keeps, to be listened on in place of one at host and port. */
  readonly socket?: object | undefined
}

export interface Admin {
  readonly address: { readonly host: string; readonly port: number }
  close(): Promise<void>
}

type AdminGateway = Pick<Gateway, 'fleet' | 'world' | 'asks' | 'subscribe' | 'ready' | 'ledger'> &
  ExplainGateway &
  MoneySource

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
  const routes = new AdminRoutes(placesOf(gateway, options, audience))
  const tries = new Tries(gateway.world)

  const server = createServer({ maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000 })
  server.on('request', (request, response) => {
    handle(request, response, { routes, host, token, tries }).catch((error: unknown) => {
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

function placesOf(
  gateway: AdminGateway,
  { metrics, feed, disk, reload, config, bounds, audit, keys }: AdminOptions,
  audience: Audience,
): readonly Place[] {
  const { html, policy } = readPage()
  const pageHeaders = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy }
  const metricsHeaders = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }
  const get = (answer: Route['answer']): Route => ({ method: 'GET', answer })
  const view = (look: () => object): Route => get((response) => json(response, 200, look()))
  const troubles = (): readonly Trouble[] =>
    troublesOf({
      fleet: gateway.fleet,
      world: gateway.world,
      givenUp: bounds?.pressure.givenUp ?? [],
      volumes: disk?.volumes ?? [],
      ledgerTrouble: gateway.ledger.trouble,
      ofMoney: gateway.guardrails.troubles,
    })
  const ordered = async (asked: Asked): Promise<object> => {
    const order = orderOf(asked)
    return audited(audit, orderIntent(order, asked.by), () => obeyed(gateway.fleet, order))
  }
  return [
    ['/', { ...get((response) => send(response, 200, html, pageHeaders)), open: true }],
    ['/metrics', get((response) => send(response, 200, metrics.render(), metricsHeaders))],
    ['/api/upstreams', view(() => upstreamsView(gateway))],
    ['/api/status', view(() => statusView(gateway, config?.(), troubles()))],
    ['/api/asks', view(() => asksView(gateway.asks()))],
    ['/api/models', view(() => modelsView(gateway.fleet.readiness(), gateway.world.now()))],
    [orderPath, does('POST', ordered)],
    ...moneyPlaces(gateway),
    ...(audit === undefined ? [] : auditPlaces(audit)),
    ['/api/prices', view(() => pricesView(gateway))],
    ['/api/report', does('GET', ({ query }) => reportAnswer(gateway, query))],
    ['/api/disk', view(() => diskView(disk?.volumes ?? []))],
    ['/api/feed', view(() => feedView(feed.snapshot()))],
    ...(bounds === undefined ? [] : [['/api/pressure', view(() => pressureView(bounds))] as const]),
    ['/api/events', { ...get((response) => watch(response, audience)), endless: true }],
    [
      '/api/explain',
      { ...does('POST', ({ query, body }) => explain(gateway, query, body)), bodyMaxBytes: explainMaxBytes },
    ],
    ...(keys === undefined ? [] : keyPlaces(keys)),
    ['/api/reload', { method: 'POST', answer: (response, { by }) => reloaded(response, reload, by) }],
  ]
}

interface House {
  readonly routes: AdminRoutes
  readonly host: string
  readonly token: string | undefined
  readonly tries: Tries
}

async function handle(request: IncomingMessage, response: ServerResponse, house: House): Promise<void> {
  const { routes, host, token } = house
  const { method = '', url: target = '', rawHeaders } = request
  const refusal = refusalOf({ method, target, rawHeaders, localAddress: request.socket.localAddress }, host)
  if (refusal !== undefined) return refuse(response, refusal.status, refusal.code, refusal.message)

  const path = target.split('?', 1)[0]!
  const found = routes.at(path)
  const isOpen = found?.routes.some(({ open }) => open) === true
  if (token !== undefined && !isOpen && !mayEnter(request, response, token, house)) return
  if (found === undefined) {
    return refuse(response, 404, 'not_found', `There is no ${path} here. There are ${routes.paths.join(', ')}.`)
  }
  const route = found.routes.find((one) => one.method === method || (method === 'HEAD' && isBrief(one)))
  if (route === undefined) {
    const allow = found.routes.map((one) => one.method).join(', ')
    response.setHeader('allow', allow)
    return refuse(response, 405, 'method_not_allowed', `${path} takes ${allow}.`)
  }
  const { bodyMaxBytes = usualMaxBytes } = route
  const body = bodied.has(method) ? await readBody(request, bodyMaxBytes) : noBody
  if (body === undefined) {
    return refuse(response, 413, 'request_too_large', `The body may have ${bodyMaxBytes} bytes.`)
  }
  const query = new URLSearchParams(target.slice(path.length))
  const by = { actor: token === undefined ? 'loopback' : 'admin', source: request.socket.remoteAddress }
  await route.answer(response, { path, parts: found.parts, query, body, by })
}

const isBrief = ({ method, endless }: Route): boolean => method === 'GET' && endless !== true

/** Whether the token is right. Where it is not, that is said, and after too many tries from one place nothing else is. */
function mayEnter(request: IncomingMessage, response: ServerResponse, token: string, { tries }: House): boolean {
  const address = networkOf(request.socket.remoteAddress ?? '')
  const { authorization } = request.headers
  const waitMs = tries.waitMs(address)
  if (waitMs > 0) {
    response.setHeader('retry-after', Math.ceil(waitMs / 1_000))
    refuse(response, 429, 'too_many_tries', 'Too many wrong tokens came from this address. Try again in a minute.')
    return false
  }
  if (knowsToken(authorization, token)) return true
  // To come without one is not to guess: a page does so, to find out whether one is asked for.
  if (authorization !== undefined) tries.failed(address)
  response.setHeader('www-authenticate', 'Bearer')
  refuse(response, 401, 'invalid_token', 'This port asks for the admin token: authorization: Bearer TOKEN.')
  return false
}

function watch(response: ServerResponse, audience: Audience): void {
  if (audience.full) return refuse(response, 503, 'too_many_watchers', 'As many as may already watch the events.')
  setCommon(response)
  audience.admit(response)
}

async function reloaded(response: ServerResponse, reload: AdminOptions['reload'], by: By): Promise<void> {
  if (reload === undefined) {
    return refuse(
      response,
      409,
      'cannot_reload',
      'There is no config here that could be read again: start Spillway anew.',
    )
  }
  try {
    await reload(by)
  } catch (error) {
    // What runs goes on with the config it has.
    const message = error instanceof Error ? error.message : String(error)
    const problems = error instanceof Error && 'problems' in error ? { problems: error.problems } : {}
    return json(response, 400, { ok: false, error: { code: 'invalid_config', message, ...problems } })
  }
  json(response, 200, { ok: true })
}

const noBody = Buffer.alloc(0)

function listening(server: Server, at: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(at, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
