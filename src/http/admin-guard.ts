import { createHash, timingSafeEqual } from 'node:crypto'

/** As much of a request as it takes to tell whether it may come in. */
export interface Arrival {
  readonly method: string
  /** As it was sent, nothing decoded. */
  readonly target: string
  /** Names and values in turn: only here a header that came twice can be seen. */
  readonly rawHeaders: readonly string[]
  /** The address of ours that it came in on. */
  readonly localAddress: string | undefined
}

export interface Refusal {
  readonly status: number
  readonly code: string
  readonly message: string
}

/** A header that came twice is read one way by a proxy and another way by us. */
const single = new Set([
  'host',
  'origin',
  'authorization',
  'content-length',
  'content-type',
  'transfer-encoding',
  'sec-fetch-site',
])

/**
 * The admin port trusts whoever reaches it from this machine, and a browser on this machine runs the pages of strangers.
 * So a request must name us as its host, which a page that had its name rebound to our address does not,
 * and must not come from another site.
 */
export function refusalOf(arrival: Arrival, boundTo: string): Refusal | undefined {
  const { target, method } = arrival
  const headers = new Map<string, string>()
  for (let at = 0; at < arrival.rawHeaders.length; at += 2) {
    const name = arrival.rawHeaders[at]!.toLowerCase()
    if (headers.has(name) && single.has(name)) return faulty(`The header ${name} came twice.`)
    headers.set(name, arrival.rawHeaders[at + 1]!)
  }
  const [path, query = ''] = parted(target)
  if (!/^\/(?!\/)[\w./%~:@+-]*$/.test(path) || /%2e|%2f|%5c|%00|\/\.\.?(?=\/|$)/i.test(path)) {
    return faulty('The path is not one that this server has.')
  }
  if (!/^[\w./?&=%~:@+,;!$'()*-]*$/.test(query))
    return faulty('What follows the ? has letters that have to be in code.')
  const hasBody = headers.has('transfer-encoding') || Number(headers.get('content-length') ?? 0) !== 0
  if (hasBody && method !== 'POST' && method !== 'PATCH') return faulty(`A ${method} request has no body.`)

  const host = headers.get('host') ?? ''
  const name = /^(\[[\da-f:.]+\]|[a-z\d.-]+)(?::\d{1,5})?$/i.exec(host)?.[1]?.toLowerCase()
  if (name === undefined) return faulty('The Host header is missing or is no host.')
  if (!ownNames(boundTo, arrival.localAddress).has(name)) {
    return {
      status: 403,
      code: 'foreign_host',
      message: `This server is not ${name}. Ask it by its address, or as localhost.`,
    }
  }
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  const ownOrigin = origin === undefined || origin === `http://${host}` || origin === `https://${host}`
  if (!ownOrigin || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
    return { status: 403, code: 'cross_site', message: 'Pages of other sites may not use the admin API.' }
  }
  return undefined
}

/** Whether the request carries the token. Takes as long for a nearly right one as for a wrong one. */
export function knowsToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function ownNames(boundTo: string, localAddress: string | undefined): ReadonlySet<string> {
  const names = new Set(['localhost', '127.0.0.1', '[::1]'])
  // A socket that takes both kinds shows the older addresses inside the newer.
  for (const address of [boundTo, localAddress?.replace(/^::ffff:/, '')]) {
    // Bound to everything is no address, and some systems take 0.0.0.0 for themselves.
    if (address === undefined || address === '0.0.0.0' || address === '::') continue
    names.add(address.includes(':') ? `[${address.toLowerCase()}]` : address.toLowerCase())
  }
  return names
}

/** Only the first question mark is one. */
function parted(target: string): readonly [path: string, query?: string] {
  const at = target.indexOf('?')
  return at < 0 ? [target] : [target.slice(0, at), target.slice(at + 1)]
}

const faulty = (message: string): Refusal => ({ status: 400, code: 'invalid_request', message })

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
