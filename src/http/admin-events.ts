import type { ServerResponse } from 'node:http'
import type { Event } from '../core/event.ts'
import type { Gateway } from '../gateway.ts'
import { viewOf } from '../telemetry/view.ts'

const watchersMax = 16
/** Who has not read this much is not watching. */
const unreadMaxBytes = 256 * 1024
const heartbeatMs = 15_000

/** Those who watch the events live. While nobody does, nothing is subscribed to and nothing is written down. */
export class Audience {
  readonly #gateway: Pick<Gateway, 'subscribe'>
  readonly #watchers = new Set<ServerResponse>()
  #unsubscribe: (() => void) | undefined
  #heartbeat: NodeJS.Timeout | undefined
  #unsent = ''

  constructor(gateway: Pick<Gateway, 'subscribe'>) {
    this.#gateway = gateway
  }

  get full(): boolean {
    return this.#watchers.size >= watchersMax
  }

  admit(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.write('retry: 2000\n\n')
    this.#watchers.add(response)
    response.on('close', () => this.#leave(response))
    this.#unsubscribe ??= this.#gateway.subscribe(this.#listen)
    this.#heartbeat ??= setInterval(this.#beat, heartbeatMs).unref()
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.end()
  }

  readonly #listen = (event: Event): void => {
    if (this.#unsent === '') setImmediate(this.#send)
    this.#unsent += `data: ${JSON.stringify(viewOf(event))}\n\n`
  }

  /** Once per turn of the loop: under load, many events are one write. */
  readonly #send = (): void => {
    const text = this.#unsent
    this.#unsent = ''
    for (const watcher of this.#watchers) {
      if (watcher.writableLength > unreadMaxBytes) watcher.destroy()
      else watcher.write(text)
    }
  }

  /** A comment, so that whatever stands between does not take silence for death. */
  readonly #beat = (): void => {
    for (const watcher of this.#watchers) watcher.write(': still here\n\n')
  }

  #leave(response: ServerResponse): void {
    this.#watchers.delete(response)
    if (this.#watchers.size > 0) return
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    clearInterval(this.#heartbeat)
    this.#heartbeat = undefined
  }
}
