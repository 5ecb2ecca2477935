import type { World } from '../core/world.ts'
import { HttpClient, type HttpClientOptions } from './h1/client.ts'
import type { Transport } from './transport.ts'

export interface RealWorldOptions {
  /** `undici` speaks through the package of that name: slower, and by other people. */
  readonly transport?: 'own' | 'undici' | undefined
  readonly connectMs?: number | undefined
}

export interface RealWorld extends World {
  /** How long a connection may take to stand, from now on. */
  connectWithin(ms: number): void
  close(): Promise<void>
}

/** The world as it is: this machine's clocks, its chance, and its network. */
export function realWorld(options: RealWorldOptions = {}): RealWorld {
  const transport = options.transport === 'undici' ? lazyUndici(options) : new HttpClient(options)
  return {
    now: () => performance.now(),
    epochMs: () => Date.now(),
    random: () => Math.random(),
    sleep,
    send: (out) => transport.send(out),
    connectWithin: (ms) => {
      transport.connectMs = ms
    },
    close: () => transport.close(),
  }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve()
      return
    }
    const wake = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const timer = setTimeout(wake, Math.max(0, ms))
    signal?.addEventListener('abort', wake)
  })
}

/** Its import alone costs a tenth of a second and 23 MB, which only those who want it shall pay. */
function lazyUndici(options: HttpClientOptions): Transport {
  let connectMs = options.connectMs ?? 5_000
  let loaded: Transport | undefined
  let loading: Promise<Transport> | undefined
  const load = (): Promise<Transport> =>
    (loading ??= import('./undici.ts').then(
      ({ UndiciTransport }) => (loaded = new UndiciTransport({ ...options, connectMs })),
    ))
  return {
    send: async (out) => (await load()).send(out),
    get connectMs() {
      return connectMs
    },
    set connectMs(ms) {
      connectMs = ms
      if (loaded !== undefined) loaded.connectMs = ms
    },
    close: async () => (await loading)?.close(),
  }
}
