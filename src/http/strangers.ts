import { hostname } from 'node:os'
import { Fault } from '../core/fault.ts'

/**
 * Where no key is needed, whoever reaches the port may ask, and so could the pages of strangers in a browser that does:
 * under a name of their own that was bound to our address, or straight across sites. Programs send no Origin, and may
 * call this server what they like.
 */
export function refuseStrangers(host: string, origin: string | undefined): void {
  if (origin === undefined) return
  const name = nameIn(host)
  if (!isNear(name)) {
    throw new Fault(
      'forbidden',
      `This server is not ${name}: ask it by its address or as localhost, or give its callers keys.`,
    )
  }
  const site = /^https?:\/\/(.+)$/i.exec(origin)?.[1]?.toLowerCase()
  // Applications that are no web site come with a scheme of their own.
  const isApplication = site === undefined && origin !== 'null'
  if (!isApplication && site !== host.toLowerCase() && (site === undefined || !isLoopback(nameIn(site)))) {
    throw new Fault('forbidden', 'Pages of other sites may not ask here without a key.')
  }
}

/** A name that nobody outside can own: an address, a word without dots, or one kept for local use. */
function isNear(name: string): boolean {
  if (isLoopback(name) || !/[.]/.test(name) || /^[\d.]+$/.test(name) || name.startsWith('[')) return true
  return /\.(?:local|internal|lan|home\.arpa|test)$/.test(name) || name === (ownName ??= hostname().toLowerCase())
}

const isLoopback = (name: string): boolean => /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(name)

/** Asked for as this machine calls itself. */
export const isNearHost = (host: string): boolean => isLoopback(nameIn(host))

const nameIn = (host: string): string => host.replace(/:\d*$/, '').toLowerCase()

let ownName: string | undefined
