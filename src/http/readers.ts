import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import type { Bounds } from '../core/bounds.ts'
import type { ConnectionCut } from '../core/event.ts'
import type { Watchdog, Watched } from '../core/watchdog.ts'

/** What a reader is handed at once, and has `readerStallMs` to take: so there is a slowest pace, however it dawdles. */
export const pieceMaxBytes: number = 64 * 1024

interface ReadersParts {
  readonly now: () => number
  readonly watchdog: Watchdog
  readonly bounds: () => Pick<Bounds, 'readerStallMs' | 'unreadBytes'>
  readonly onCut: (why: ConnectionCut) => void
}

/**
 * Those who do not read as fast as they are answered. They hold up their own server, so while they catch up they cost a
 * place on it and some memory here, and neither is for ever: it is not enough to read a byte now and then.
 */
export class Readers {
  readonly #parts: ReadersParts
  /** The longest first. */
  readonly #behind = new Set<Reader>()
  #unreadBytes = 0

  constructor(parts: ReadersParts) {
    this.#parts = parts
  }

  /** How many are behind. */
  get size(): number {
    return this.#behind.size
  }

  /** What waits for them here; what the system holds for them is not known. */
  get unreadBytes(): number {
    return this.#unreadBytes
  }

  /** Resolves when what was written to `sink` has been taken, or the caller is gone, or sent away for it. */
  drained(sink: Writable, { req }: ServerResponse, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted || !sink.writableNeedDrain) return resolve()
      const caughtUp = (): void => {
        sink.off('drain', caughtUp)
        signal.removeEventListener('abort', caughtUp)
        this.#leave(reader)
        resolve()
      }
      const reader = this.#enter(req.socket, sink.writableLength)
      sink.on('drain', caughtUp)
      signal.addEventListener('abort', caughtUp)
    })
  }

  /** An answer that was written to its end may still wait for its reader. */
  flush(response: ServerResponse): void {
    const { socket } = response
    if (socket === null || response.writableFinished || socket.writableLength === 0) return
    const done = (): void => {
      response.off('finish', done)
      response.off('close', done)
      this.#leave(reader)
    }
    const reader = this.#enter(socket, socket.writableLength)
    response.on('finish', done)
    response.on('close', done)
  }

  #enter(socket: Socket, bytes: number): Reader {
    const { now, watchdog, bounds } = this.#parts
    const { readerStallMs, unreadBytes } = bounds()
    const reader = new Reader(socket, bytes, now() + readerStallMs, this.#onLate)
    this.#behind.add(reader)
    this.#unreadBytes += bytes
    watchdog.watch(reader)
    for (const longest of this.#behind) {
      if (this.#unreadBytes <= unreadBytes) break
      this.#cut(longest, 'unread')
    }
    return reader
  }

  readonly #onLate = (reader: Reader): void => this.#cut(reader, 'stalled')

  #cut(reader: Reader, why: ConnectionCut): void {
    this.#leave(reader)
    const { socket } = reader
    if (socket.destroyed) return
    this.#parts.onCut(why)
    socket.destroy()
  }

  #leave(reader: Reader): void {
    if (!this.#behind.delete(reader)) return
    this.#unreadBytes -= reader.bytes
    this.#parts.watchdog.release(reader)
  }
}

class Reader implements Watched {
  slot = -1
  readonly deadline: number
  readonly socket: Socket
  readonly bytes: number
  readonly #onLate: (reader: Reader) => void

  constructor(socket: Socket, bytes: number, deadline: number, onLate: (reader: Reader) => void) {
    this.socket = socket
    this.bytes = bytes
    this.deadline = deadline
    this.#onLate = onLate
  }

  expire(): void {
    this.#onLate(this)
  }
}
