import type { Need } from '../core/ask.ts'
import type { Call } from '../core/backend.ts'
import { isObject, type Json } from '../core/json.ts'
import { countIn, objectAt, textIn, textsIn } from './asking.ts'

/** What Ollama tells of a model that does not change as long as its digest does not. */
export interface Shown {
  readonly can: ReadonlySet<Need> | undefined
  /** The context it was trained for. */
  readonly trainedTokens: number | undefined
}

const nothing: Shown = { can: undefined, trainedTokens: undefined }

const atOnce = 8
const showMaxMs = 5_000

const shelves = new WeakMap<Call, Shelf>()

/**
 * What each model of one server can do. The list of models leaves out some of it, so every model is looked up once, beside
 * the probes and a few at a time: a probe never waits for it, and until a model was looked up nothing is known of it.
 */
export class Shelf {
  readonly #known = new Map<string, Shown>()
  #busy = false

  static of(call: Call): Shelf {
    let shelf = shelves.get(call)
    if (shelf === undefined) shelves.set(call, (shelf = new Shelf()))
    return shelf
  }

  shown(model: Json): Shown {
    return this.#known.get(keyOf(model)) ?? nothing
  }

  /** Looks up what is new, and forgets what is gone. */
  lookUp(call: Call, models: readonly Json[]): void {
    if (this.#busy) return
    // Two names of one model are one model.
    const byKey = new Map(models.map((model) => [keyOf(model), model]))
    for (const key of this.#known.keys()) if (!byKey.has(key)) this.#known.delete(key)
    for (const key of this.#known.keys()) byKey.delete(key)
    if (byKey.size > 0) void this.#lookUp(call, [...byKey.values()])
  }

  async #lookUp(call: Call, wanted: readonly Json[]): Promise<void> {
    this.#busy = true
    try {
      for (let at = 0; at < wanted.length; at += atOnce) {
        await Promise.all(wanted.slice(at, at + atOnce).map((model) => this.#lookAt(call, model)))
      }
    } catch {
      // It has other things to do; the next probe tries again.
    } finally {
      this.#busy = false
    }
  }

  async #lookAt(call: Call, model: Json): Promise<void> {
    const body = { model: String(model['name']) }
    const { status, json } = await call({ method: 'POST', path: '/api/show', body, timeoutMs: showMaxMs })
    if (status === 200 || status < 500) this.#known.set(keyOf(model), isObject(json) ? shownIn(json) : nothing)
  }
}

/** A model made anew has another digest; without one, the date tells. */
const keyOf = (model: Json): string =>
  textIn(model['digest']) ?? `${String(model['name'])} ${String(model['modified_at'])}`

function shownIn(shown: Json): Shown {
  const info = objectAt(shown, 'model_info')
  const trainedTokens = countIn(info[`${String(info['general.architecture'])}.context_length`])
  // Versions before there were capabilities do not tell.
  if (!Array.isArray(shown['capabilities'])) return { can: undefined, trainedTokens }
  return { can: new Set(textsIn(shown['capabilities']).flatMap((word) => means[word] ?? [])), trainedTokens }
}

const means: Readonly<Record<string, readonly Need[]>> = {
  completion: ['chat', 'text'],
  tools: ['tools'],
  vision: ['vision'],
  audio: ['audio'],
  embedding: ['vectors'],
  thinking: ['thinking'],
  insert: ['infill'],
}
