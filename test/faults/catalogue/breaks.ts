import { setTimeout as wait } from 'node:timers/promises'
import { type Exchange, type Phase, phases } from '../server/exchange.ts'
import type { Complaint } from '../server/wires.ts'
import { everywhere, type Fault, isNdjson, isSse, type Nature, streams } from './fault.ts'

/** Behind the last frame all has been said, and whether the transfer ends as it should is nobody's loss. */
const unlessAllIsSaid = (phase: Phase): Nature => (phase === 'last' ? 'open' : 'broken')

const overloaded: Complaint = { status: 529, message: 'The server is overloaded.', word: 'overloaded_error' }
const engineDied: Complaint = { status: 500, message: 'The engine broke down.', word: 'api_error' }

const garbage = Buffer.from('\x00\x7f\xff<garbage>\xfe\r\n%%', 'latin1')

/** Says something again and again until nobody listens. */
async function forever(exchange: Exchange, everyMs: number, next: () => string | Buffer): Promise<void> {
  while (!exchange.gone) {
    exchange.say(next())
    await wait(everyMs)
  }
}

const trouble =
  (complaint: Complaint, behind = '') =>
  (exchange: Exchange): void => {
    const frame = exchange.wire.trouble(complaint) + behind
    exchange.say(`${Buffer.byteLength(frame).toString(16)}\r\n${frame}\r\n0\r\n\r\n`)
  }

/** An answer that stops being one, at every moment at which it can. */
export const breaks: readonly Fault[] = [
  {
    name: 'rst',
    phases,
    nature: unlessAllIsSaid,
    where: everywhere,
    strike: ({ socket }) => void socket.resetAndDestroy(),
  },
  { name: 'fin', phases, nature: unlessAllIsSaid, where: everywhere, strike: ({ socket }) => void socket.end() },
  { name: 'hang', phases, nature: unlessAllIsSaid, where: everywhere, slow: true, strike: ({ closed }) => closed },
  {
    name: 'garbage',
    phases: ['head', 'in-head', 'opening', 'first', 'mid', 'end', 'last'],
    nature: unlessAllIsSaid,
    // In a body of a known length any bytes are bytes of the body.
    where: (pairing, phase) => everywhere(pairing, phase) && (pairing.serverStreams || phase.endsWith('head')),
    strike: ({ socket }) => void socket.end(garbage),
  },
  {
    name: 'no-utf8',
    phases: ['mid', 'end'],
    nature: 'broken',
    mayPass: true,
    where: streams,
    // Torn in the middle of a letter of three bytes, and then the connection is.
    strike: (exchange) => {
      const [word] = exchange.wire.frames(exchange.question).words
      const bytes = Buffer.concat([Buffer.from(word!.slice(0, -8)), Buffer.from([0xe2, 0x82]), Buffer.from('\n\n')])
      exchange.say(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes]))
      exchange.socket.end()
    },
  },
  {
    name: 'cut',
    phases: ['opening', 'first', 'mid', 'end'],
    nature: 'broken',
    where: streams,
    strike: (exchange) => exchange.say('0\r\n\r\n'),
  },
  {
    name: 'drip',
    phases: ['head', 'opening', 'mid'],
    nature: 'broken',
    where: everywhere,
    slow: true,
    strike: async (exchange, phase) => {
      if (phase !== 'head' && exchange.question.stream) exchange.say('ffff\r\n')
      const text = phase === 'head' ? 'HTTP/1.1 200 OK\r\nX-Slow: ' : exchange.wire.frames(exchange.question).words[0]!
      let at = 0
      const bytes = Buffer.from(text.slice(0, -2).padEnd(10_000, 'x'))
      await forever(exchange, 50, () => bytes.subarray(at, (at += 1)))
    },
  },
  {
    name: 'pings',
    phases: ['opening', 'first', 'mid'],
    nature: 'broken',
    where: streams,
    slow: true,
    strike: (exchange) => {
      const { ping } = exchange.wire
      return forever(exchange, 100, () => `${ping.length.toString(16)}\r\n${ping}\r\n`)
    },
  },
  {
    name: 'error',
    phases: ['opening', 'first', 'mid', 'end'],
    nature: 'broken',
    where: streams,
    strike: trouble(engineDied),
  },
  {
    name: 'error-then-done',
    phases: ['opening', 'first', 'mid', 'end'],
    nature: 'broken',
    where: (pairing) => streams(pairing) && pairing.server.match(/openai|llamacpp/) !== null,
    strike: trouble(engineDied, 'data: [DONE]\n\n'),
  },
  {
    name: 'overloaded',
    phases: ['opening', 'first', 'mid'],
    nature: 'busy',
    // Ollama says so in its head or never.
    where: (pairing) => streams(pairing) && isSse(pairing),
    strike: trouble(overloaded),
  },
  {
    name: 'endless-line',
    phases: ['opening', 'mid'],
    nature: 'broken',
    where: (pairing) => streams(pairing) && (isNdjson(pairing) || pairing.server === 'openai-compatible'),
    strike: async (exchange) => {
      const piece = Buffer.from(`40000\r\n${'x'.repeat(0x40000)}\r\n`)
      exchange.say('6\r\ndata: \r\n')
      for (let sent = 0; sent < 80 && !exchange.gone; sent += 1) {
        exchange.say(piece)
        if (exchange.socket.writableNeedDrain)
          await Promise.race([new Promise((resolve) => exchange.socket.once('drain', resolve)), exchange.closed])
      }
      await exchange.closed
    },
  },
  {
    name: 'leave',
    phases: ['head', 'opening', 'mid', 'end'],
    nature: 'open',
    where: everywhere,
    leaves: true,
    strike: ({ closed }) => closed,
  },
  {
    name: 'endless',
    phases: ['mid'],
    nature: 'open',
    where: streams,
    leaves: true,
    strike: async (exchange) => {
      const [word] = exchange.wire.frames(exchange.question).words
      const text = `${Buffer.byteLength(word!).toString(16)}\r\n${word!}\r\n`
      await forever(exchange, 1, () => text.repeat(20))
    },
  },
]

/** What happens before a request can be said. */
export const connects: readonly Fault[] = [
  { name: 'refused', phases: ['head'], nature: 'broken', mood: 'refuses', strike: () => {} },
  { name: 'accept-close', phases: ['head'], nature: 'broken', mood: 'closes', strike: () => {} },
  { name: 'accept-reset', phases: ['head'], nature: 'broken', mood: 'resets', strike: () => {} },
  { name: 'deaf', phases: ['head'], nature: 'broken', mood: 'deaf', slow: true, strike: () => {} },
]
