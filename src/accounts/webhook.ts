import { createHmac } from 'node:crypto'
import type { Emit } from '../core/event.ts'
import type { Delivery, DueLetter, Notes } from '../core/notes.ts'
import type { World } from '../core/world.ts'

export interface Webhook {
  readonly url: string
  readonly secret: string
}

interface WebhookParts {
  readonly world: World
  readonly emit: Emit
  readonly notes: Pick<Notes, 'take' | 'sent'>
  /** Undefined where nobody is to be told. It may be another one after a reload. */
  readonly address: () => Webhook | undefined
}

/** How long the receiver may take to answer. */
const answerMs = 10_000
/** Whoever took a letter and fell over meanwhile lets go of it then. */
const leaseMs = 3 * answerMs
/** Under way at once: alerts are few, and a receiver that does not answer must not hold more than this. */
const underWayMax = 4
/** Until the next try; a fifth more or less, so that gateways do not come all at once. After the last it is given up. */
const pausesMs = [1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000]

/**
 * Sends letters to where the operator wants them, in the manner of Standard Webhooks: signed, under an id that stays the same however
 * often it is tried, so that a receiver knows what it has already. Nobody waits for it.
 */
export class WebhookSender {
  readonly #parts: WebhookParts
  #underWay = 0
  /** What was said of a receiver that failed; undefined when the last letter arrived. */
  #trouble: string | undefined

  constructor(parts: WebhookParts) {
    this.#parts = parts
  }

  get trouble(): string | undefined {
    return this.#trouble
  }

  /** To be called now and then: sets out with what is due. */
  async look(): Promise<void> {
    const { notes, world, address } = this.#parts
    const to = address()
    if (to === undefined || this.#underWay >= underWayMax) return
    const letters = await notes.take(world.epochMs(), leaseMs, underWayMax - this.#underWay)
    for (const letter of letters) void this.#deliver(letter, to)
  }

  async #deliver(letter: DueLetter, to: Webhook): Promise<void> {
    this.#underWay += 1
    const why = await this.#failure(letter, to)
    this.#trouble = why
    // Who cannot take down that it arrived will send it again, under the same id.
    await this.#parts.notes.sent(letter.id, this.#deliveryAfter(letter, why)).catch(() => {})
    this.#underWay -= 1
  }

  #deliveryAfter({ tries, body }: DueLetter, why: string | undefined): Delivery {
    const { world, emit } = this.#parts
    if (why === undefined) return { ended: 'delivered' }
    const pauseMs = pausesMs[tries]
    if (tries === 0 || pauseMs === undefined) {
      const { type } = JSON.parse(body) as { type: string }
      const then = pauseMs === undefined ? 'It is given up.' : 'It is tried again.'
      const level = pauseMs === undefined ? 'error' : 'warn'
      emit({ type: 'notice', level, text: `The webhook was not told of ${type}: ${why}. ${then}` })
    }
    if (pauseMs === undefined) return { ended: 'given-up' }
    return { tryAgainAt: world.epochMs() + Math.round(pauseMs * (0.8 + 0.4 * world.random())) }
  }

  /** Why it did not arrive; undefined when it did. The words are ours: what a receiver says may be anything. */
  async #failure({ id, body }: DueLetter, { url, secret }: Webhook): Promise<string | undefined> {
    const { world } = this.#parts
    const { origin, pathname, search } = new URL(url)
    const timestamp = String(Math.floor(world.epochMs() / 1_000))
    const giveUp = new AbortController()
    const answered = new AbortController()
    void world.sleep(answerMs, answered.signal).then(() => giveUp.abort())
    try {
      const { status, body: answer } = await world.send({
        method: 'POST',
        origin,
        path: pathname + search,
        headers: [
          ['content-type', 'application/json'],
          ['user-agent', 'spillway'],
          ['webhook-id', id],
          ['webhook-timestamp', timestamp],
          ['webhook-signature', `v1,${signatureOf(`${id}.${timestamp}.${body}`, secret)}`],
        ],
        body: Buffer.from(body),
        signal: giveUp.signal,
      })
      // Where it points elsewhere it is not followed: what is signed is for one receiver.
      // oxlint-disable-next-line no-unreachable-loop
      for await (const _ of answer) break
      return status >= 200 && status < 300 ? undefined : `it answered ${status}`
    } catch {
      return giveUp.signal.aborted ? `it did not answer within ${answerMs / 1_000} s` : 'it cannot be reached'
    } finally {
      answered.abort()
    }
  }
}

/** A secret in the form `whsec_…` is what stands behind it in base64, any other is itself. */
export function signatureOf(content: string, secret: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : secret
  return createHmac('sha256', key).update(content).digest('base64')
}
