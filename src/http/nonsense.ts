import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { Fault } from '../core/fault.ts'
import { lingerMs } from './refusal.ts'
import type { Shape } from './routes.ts'

export interface Nonsense {
  readonly fault: Fault
  /** Where it was to go, as far as that can be seen. */
  readonly target: string
}

type ParserError = Error & { readonly code?: string; readonly reason?: string; readonly rawPacket?: Buffer }

/**
 * What is wrong with bytes that Node's parser could not read. Undefined where nobody is left to tell, or the request came
 * too slowly: never a 408, which clients take for an invitation to try again.
 */
export function nonsenseIn(error: ParserError): Nonsense | undefined {
  const { code = '', reason, rawPacket } = error
  if (!code.startsWith('HPE_')) return undefined
  const target = /^[A-Za-z]+ +(\S+)/.exec(rawPacket?.toString('latin1', 0, 256) ?? '')?.[1] ?? ''
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { target, fault: new Fault('bad-request', 'The headers are too large or too many.', { status: 431 }) }
  }
  return {
    target,
    fault: new Fault('bad-request', `This is not HTTP as it has to be${reason === undefined ? '' : `: ${reason}`}.`),
  }
}

/** Answers on a connection that has no response to write to, and closes it as soon as the sender has had time to read. */
export function writeRaw(socket: Duplex, fault: Fault, shape: Shape): void {
  const body = JSON.stringify(shape.writeFault(fault))
  const destroy = (): void => void socket.destroy()
  const timer = setTimeout(destroy, lingerMs)
  socket.on('close', () => clearTimeout(timer))
  socket.on('error', destroy)
  socket.end(
    `HTTP/1.1 ${fault.status} ${STATUS_CODES[fault.status]}\r\nconnection: close\r\n` +
      (fault.kind === 'wrong-method' ? 'allow: GET, HEAD, POST\r\n' : '') +
      `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
