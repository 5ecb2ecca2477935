import { isIP } from 'node:net'
import type { Network } from '../core/settings.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** Where callers reach the gateway, and where its operator does, unless they are told otherwise. */
export const usualListen = '127.0.0.1:11400'
export const usualAdminListen = '127.0.0.1:11401'

/** HOST:PORT, [V6]:PORT, :PORT or PORT; undefined for anything else. */
export function readAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]:|([^:[\]\s/@]*):)?(\d{1,5})$/i.exec(text.trim())
  if (match === null) return undefined
  const port = Number(match[3])
  if (port > 65_535) return undefined
  if (match[1] !== undefined) return isIP(match[1]) === 6 ? { host: match[1], port } : undefined
  return { host: match[2] === undefined || match[2] === '' ? '127.0.0.1' : match[2], port }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** As it stands in a URL. */
export const urlOf = ({ host, port }: Address): string => `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`

/** `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`; undefined for anything else. */
export function readNetwork(text: string): Network | undefined {
  const [address = '', bits, ...more] = text.trim().split('/')
  const width = isIP(address) === 6 ? 128 : isIP(address) === 4 ? 32 : undefined
  if (width === undefined || more.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return undefined
  return bits !== undefined && Number(bits) > width ? undefined : { address, bits: Number(bits ?? width) }
}
