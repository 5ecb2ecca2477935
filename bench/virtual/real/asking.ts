import type { World } from '../../../src/core/world.ts'
import { earFor } from '../../../src/sim/ears.ts'
import type { Question } from './questions.ts'

/** Heard to the end, and every word of it right; turned away; given up at the deadline; or anything else. */
export type Fate = 'whole' | 'refused' | 'late' | 'broken'

export interface Answered {
  readonly fate: Fate
  readonly tookMs: number
  readonly tokens: number
}

export interface Way {
  readonly origin: () => string
  readonly headers?: readonly (readonly [name: string, value: string])[]
}

/** One caller with one question, who listens to a stream and hangs up when it is too late. */
export async function askOne(
  world: World,
  { origin, headers = [] }: Way,
  { text, answer, answerTokens: tokens }: Question,
  deadlineMs: number,
): Promise<Answered> {
  const startedAt = world.now()
  const late = AbortSignal.timeout(Math.ceil(deadlineMs))
  const ended = (fate: Fate): Answered => ({ fate, tokens, tookMs: world.now() - startedAt })
  const body = { model: 'real', stream: true, temperature: 0, messages: [{ role: 'user', content: text }] }
  const ear = earFor('openai-chat', true)
  try {
    const inbound = await world.send({
      method: 'POST',
      origin: origin(),
      path: '/v1/chat/completions',
      headers: [['content-type', 'application/json'], ...headers],
      body: Buffer.from(JSON.stringify(body)),
      signal: late,
    })
    for await (const bytes of inbound.body) if (inbound.status === 200) ear.hear(bytes)
    if (inbound.status !== 200) return ended(refusals.has(inbound.status) ? 'refused' : 'broken')
  } catch {
    return ended(late.aborted ? 'late' : 'broken')
  }
  return ended(ear.heard.whole && ear.heard.text === answer ? 'whole' : 'broken')
}

/** Too many requests; no room; and nginx's way to say that all servers have as many as they may. */
const refusals = new Set([429, 502, 503])
