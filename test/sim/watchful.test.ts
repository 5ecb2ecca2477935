import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../src/core/fault.ts'
import type { Reply } from '../../src/core/reply.ts'
import type { Layer } from '../../src/core/serve.ts'
import { simulate, Violation } from '../../src/sim/run.ts'
import { vllmLike } from '../../src/sim/server-spec.ts'
import { machine } from '../../src/sim/fleet.ts'
import { dimensions, usualWorkload } from '../../src/sim/workload.ts'

/** A simulator that sees nothing proves nothing. Each of these gateways has one fault, and must be found out. */

type Chunks = AsyncIterable<Uint8Array>

/** A gateway whose every stream is changed on its way. */
const changed =
  (change: (body: Chunks) => Chunks): Layer =>
  (next) =>
  async (ask) => {
    const reply = await next(ask)
    const { stream, upstream, decision, outcome } = reply
    return ask.stream ? { stream, upstream, decision, outcome, body: change(reply.body) } : reply
  }

async function foundOut(layer: Layer, sentence: RegExp, breaks = 0): Promise<void> {
  const fleet = [machine(vllmLike({ faults: { breaks } }))]
  const workload = { ...usualWorkload, ollamaDialect: 0.5, hangUps: 0.2, callers: usualWorkload.callers.slice(1, 2) }
  await simulate({ seed: 3, requests: 60, fleet, workload })
  await assert.rejects(simulate({ seed: 3, requests: 60, fleet, workload, layers: [layer] }), (error) => {
    assert.ok(error instanceof Violation)
    assert.match(error.message, sentence)
    return true
  })
}

test('a token that is lost is noticed', () =>
  foundOut(
    changed(async function* (body) {
      let chunk = 0
      for await (const bytes of body) if ((chunk += 1) !== 4) yield bytes
    }),
    /every token is heard once and in order|who stays hears everything/,
  ))

test('a token that is said twice is noticed', () =>
  foundOut(
    changed(async function* (body) {
      let chunk = 0
      for await (const bytes of body) {
        yield bytes
        if ((chunk += 1) === 4) yield bytes
      }
    }),
    /every token is heard once and in order/,
  ))

test('two tokens in the wrong order are noticed', () =>
  foundOut(
    changed(async function* (body) {
      let held: Uint8Array | undefined
      let chunk = 0
      for await (const bytes of body) {
        if ((chunk += 1) === 4) held = bytes
        else {
          yield bytes
          if (held !== undefined) yield held
          held = undefined
        }
      }
    }),
    /every token is heard once and in order/,
  ))

test('a vector that belongs to another text is noticed', async () => {
  const model = { name: 'embedder', contextTokens: 8_192, dimensions }
  const fleet = [machine(vllmLike({ models: [model] }))]
  const workload = {
    ...usualWorkload,
    models: [{ share: 1, of: model.name }],
    vectors: { share: 1, model: model.name },
    tools: 0,
    json: 0,
  }
  const turned: Layer = (next) => async (ask) => {
    const reply = await next(ask)
    if (ask.dialect !== 'openai-embeddings') return reply
    const { stream, upstream, decision, outcome, body } = reply
    const backwards = async function* (): Chunks {
      for await (const bytes of body) {
        const { data, ...rest } = JSON.parse(Buffer.from(bytes).toString()) as { data: { embedding: unknown }[] }
        const vectors = data.map(({ embedding }) => embedding).toReversed()
        const mixed = data.map((one, at) => ({ ...one, embedding: vectors[at] }))
        yield Buffer.from(JSON.stringify({ ...rest, data: mixed }))
      }
    }
    return { stream, upstream, decision, outcome, body: backwards() }
  }
  await simulate({ seed: 3, requests: 60, fleet, workload })
  await assert.rejects(
    simulate({ seed: 3, requests: 60, fleet, workload, layers: [turned] }),
    /each text has its own vector/,
  )
})

test('an answer that reaches the wrong caller is noticed', () => {
  let before: Reply | undefined
  return foundOut(
    (next) => async (ask) => {
      const reply = await next(ask)
      const other = before
      before = reply
      return other !== undefined && ask.stream && other.stream
        ? { ...reply, stream: true, outcome: reply.outcome, body: other.body }
        : reply
    },
    /Seed 3/,
  )
})

test('a broken stream that ends as if it were whole is noticed', () =>
  foundOut(
    changed(async function* (body) {
      try {
        yield* body
      } catch {
        // As if nothing had happened.
      }
    }),
    /a fault is told to the caller as well/,
    0.02,
  ))

test('a broken stream that is given the word for an end is noticed', () =>
  foundOut(
    (next) => async (ask) => {
      const reply = await next(ask)
      const { stream, upstream, decision, outcome, body } = reply
      if (!ask.stream || ask.dialect !== 'ollama-chat') return reply
      const mended = async function* (): Chunks {
        try {
          yield* body
        } catch (error) {
          yield Buffer.from(
            `{"model":"${ask.model}","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}\n`,
          )
          throw error
        }
      }
      return { stream, upstream, decision, outcome, body: mended() }
    },
    /a broken stream never looks finished/,
    0.02,
  ))

test('an ask that never ends is noticed', () => foundOut(() => () => new Promise(() => {}), /somebody still waits/))

test('an ask whose outcome never comes is noticed', () =>
  foundOut(
    (next) => async (ask) => {
      const { stream, upstream, decision, body } = await next(ask)
      return { stream, upstream, decision, body, outcome: new Promise(() => {}) }
    },
    /somebody still waits/,
  ))

test('a gateway that does not mind who hangs up is noticed', () =>
  foundOut((next) => (ask) => next({ ...ask, signal: new AbortController().signal }), /who hangs up is let go at once/))

test('a server that is left working for nobody is noticed', () => {
  // The caller is let go, but the server is never told.
  const deaf: Layer = (next) => async (ask) => {
    const gone = new Promise<never>((_, reject) =>
      ask.signal.addEventListener('abort', () => reject(new Fault('cancelled', 'gone'))),
    )
    gone.catch(() => {})
    return Promise.race([next({ ...ask, signal: new AbortController().signal }), gone])
  }
  return foundOut(deaf, /Seed 3/)
})

test('a request that is sent twice is noticed', () => {
  let asked = 0
  return foundOut(
    (next) => async (ask) => {
      if ((asked += 1) === 20) void next(ask)
      return next(ask)
    },
    /every ask ends|no server works for nobody|every place is given back|it is false that|Seed 3/,
  )
})

test('a request that must stay at home and does not is noticed', async () => {
  const leaky: Layer = (next) => (ask) => next({ ...ask, cloud: 'allowed' })
  const workload = {
    ...usualWorkload,
    arrivals: { type: 'poisson', perSecond: 40 } as const,
    callers: usualWorkload.callers.map(({ share, of }) => ({
      share,
      of: { ...of, cloud: 'never' as const, patienceMs: 500 },
    })),
  }
  await simulate({ seed: 3, requests: 200, workload })
  await assert.rejects(
    simulate({ seed: 3, requests: 200, workload, layers: [leaky] }),
    /what must stay at home stays at home/,
  )
})
