import { setTimeout as wait } from 'node:timers/promises'
import type { Exchange } from '../server/exchange.ts'
import type { Fault } from './fault.ts'

/** A head that no one should take for one. */
const head = (name: string, text: string): Fault => ({
  name,
  phases: ['head'],
  nature: 'broken',
  strike: ({ socket }) => void socket.end(Buffer.from(text, 'latin1')),
})

/** Goes on for a megabyte, or until nobody listens. */
const flood = (name: string, start: string, line: string): Fault => ({
  name,
  phases: ['head'],
  nature: 'broken',
  strike: async (exchange: Exchange) => {
    exchange.say(start)
    const lines = line.repeat(Math.ceil(16_384 / line.length))
    for (let sent = 0; sent < 64 && !exchange.gone; sent += 1) {
      exchange.say(lines)
      await wait(1)
    }
    exchange.socket.end()
  },
})

const ok = 'HTTP/1.1 200 OK\r\n'
const body = '\r\n\r\n{"error":"what nobody should read"}'

export const heads: readonly Fault[] = [
  head('ssh', 'SSH-2.0-OpenSSH_9.9\r\n'),
  head('http2', '\x00\x00\x12\x04\x00\x00\x00\x00\x00PRI * HTTP/2.0\r\n\r\n'),
  head('html-alone', '<!doctype html><title>502 Bad Gateway</title>\r\n\r\n'),
  head('status-no-number', `HTTP/1.1 OK${body}`),
  head('status-zero', `HTTP/1.1 000 Nothing${body}`),
  head('status-999', `HTTP/1.1 999 Request denied${body}`),
  head('version-9', `HTTP/9.1 200 OK${body}`),
  head('no-colon', `${ok}Content-Length 5${body}`),
  head('name-with-blank', `${ok}Content Length: 5${body}`),
  head('nul-in-head', `${ok}X-A: a\0b${body}`),
  head('bare-feed', 'HTTP/1.1 200 OK\nContent-Length: 2\n\n{}'),
  head('folded', `${ok}X-A: a\r\n  b: c\r\nContent-Length: 2\r\nContent-Length: 3${body}`),
  head('two-lengths', `${ok}Content-Length: 5\r\nContent-Length: 6${body}`),
  head('length-and-chunked', `${ok}Content-Length: 5\r\nTransfer-Encoding: chunked${body}`),
  head('length-negative', `${ok}Content-Length: -1${body}`),
  head('length-plus', `${ok}Content-Length: +5${body}`),
  head('length-word', `${ok}Content-Length: five${body}`),
  head('coding-gzip', `${ok}Transfer-Encoding: gzip, chunked${body}`),
  head('switching', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
  flood('endless-head', ok, 'X-Filler: abcdefghijklmnopqrstuvwxyz\r\n'),
  flood('endless-field', `${ok}X-Filler: `, 'abcdefghijklmnopqrstuvwxyz'),
  flood('endless-interim', '', 'HTTP/1.1 102 Processing\r\n\r\n'),
]
