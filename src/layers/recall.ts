import type { Ask, Glance } from '../core/ask.ts'
import type { Recall } from '../core/dialect.ts'
import type { Json } from '../core/json.ts'
import type { Reply } from '../core/reply.ts'
import type { Layer } from '../core/serve.ts'

/** All that is remembered, and the most that one piece may be. */
const memoryMaxBytes = 16 * 1024 * 1024
const pieceMaxBytes = 256 * 1024

export interface RecallParts {
  readonly recallOf: (dialect: string) => Recall | undefined
  readonly glanceOf: (dialect: string, body: Json) => Glance
}

/**
 * Some clients send only the name of what they were answered before. Where no server keeps that, the gateway does for a
 * while: in memory, for the caller who was told it, and only if the caller did not say that nothing is to be stored.
 */
export function recall({ recallOf, glanceOf }: RecallParts): Layer {
  const memory = new Memory()
  return (next) => (ask) => {
    const manner = recallOf(ask.dialect)
    if (manner === undefined) return next(ask)
    const body = manner.resolve(ask.body, (id) => memory.find(ask.caller.id, id))
    const whole =
      body === undefined || body === ask.body
        ? ask
        : { ...ask, ...glanceOf(ask.dialect, body), body, raw: undefined, guessedTokens: undefined }
    return manner.isKept(ask.body) ? next(whole).then((reply) => noted(reply, ask, manner, memory)) : next(whole)
  }
}

/** The same reply; what it says is remembered in passing. */
function noted(reply: Reply, { caller }: Ask, manner: Recall, memory: Memory): Reply {
  const note = (step: IteratorResult<Uint8Array>): IteratorResult<Uint8Array> => {
    if (step.done !== true) for (const piece of manner.piecesIn(step.value)) memory.keep(caller.id, piece)
    return step
  }
  return {
    ...reply,
    body: {
      [Symbol.asyncIterator]: () => {
        const body = reply.body[Symbol.asyncIterator]()
        return {
          next: () => body.next().then(note),
          return: () => body.return?.() ?? Promise.resolve({ done: true, value: undefined }),
        }
      },
    },
  }
}

/** The pieces of answers by their ids, for each caller its own; the oldest go first. */
class Memory {
  readonly #pieces = new Map<string, string>()
  #bytes = 0

  find(caller: string, id: string): Json | undefined {
    const text = this.#pieces.get(keyOf(caller, id))
    return text === undefined ? undefined : (JSON.parse(text) as Json)
  }

  keep(caller: string, piece: Json): void {
    const { id } = piece
    if (typeof id !== 'string') return
    const text = JSON.stringify(piece)
    if (text.length > pieceMaxBytes) return
    const key = keyOf(caller, id)
    this.#drop(key)
    this.#pieces.set(key, text)
    this.#bytes += text.length
    for (const oldest of this.#pieces.keys()) {
      if (this.#bytes <= memoryMaxBytes) break
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#pieces.get(key)?.length ?? 0
    this.#pieces.delete(key)
  }
}

const keyOf = (caller: string, id: string): string => `${caller}\n${id}`
