import type { Ask } from '../core/ask.ts'
import type { TalkDialect } from '../core/dialect.ts'
import type { Watchdog, Watched } from '../core/watchdog.ts'
import type { Gateway } from '../gateway.ts'
import { type Audience, beginStream, idHeaders, isGone } from './answer.ts'
import type { StreamBody } from './stream-body.ts'

interface Heart {
  readonly gateway: Pick<Gateway, 'position' | 'settings' | 'world'>
  readonly watchdog: Watchdog
}

/** For a stream whose clients know a sign of life, unless the settings want none. It beats until it is stopped. */
export function heartbeatFor(ask: Ask, audience: Audience, heart: Heart): Heartbeat | undefined {
  const { heartbeatMs } = heart.gateway.settings.timeouts
  const { dialect } = audience
  if (!ask.stream || heartbeatMs === undefined || dialect.form !== 'talk' || dialect.heartbeat === undefined) {
    return undefined
  }
  return new Heartbeat({ ...heart, ask, audience, everyMs: heartbeatMs, frame: dialect.heartbeat })
}

interface HeartbeatParts extends Heart {
  readonly ask: Ask
  readonly audience: Audience
  readonly everyMs: number
  readonly frame: NonNullable<TalkDialect['heartbeat']>
}

/**
 * Tells the caller of a stream that it is alive while nothing of it is there. The first beat sends the head: until then a
 * refusal has a status of its own, after it there is only the stream to tell it in.
 */
export class Heartbeat implements Watched {
  slot = -1
  deadline: number
  readonly #parts: HeartbeatParts
  #begun: StreamBody | undefined

  constructor(parts: HeartbeatParts) {
    const { gateway, watchdog, everyMs } = parts
    this.#parts = parts
    this.deadline = gateway.world.now() + everyMs
    watchdog.watch(this)
  }

  expire(): void {
    const { ask, audience, gateway, watchdog, everyMs, frame } = this.#parts
    // Whoever was called off hears why in a moment.
    if (ask.signal.aborted || isGone(audience.response)) return
    this.#begun ??= beginStream(audience, idHeaders(audience))
    const { model } = ask
    const beat = frame({ model, epochMs: gateway.world.epochMs(), position: gateway.position(ask) })
    this.#begun.write(Buffer.from(beat))
    this.deadline = gateway.world.now() + everyMs
    watchdog.watch(this)
  }

  /** Says no more. What it returns is the stream, if it has begun one: the answer goes on in it. */
  stop(): StreamBody | undefined {
    this.#parts.watchdog.release(this)
    return this.#begun
  }
}
