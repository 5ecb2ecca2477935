import { NetFault, type World } from '../../src/core/world.ts'
import { chanceOf } from '../../src/sim/chance.ts'
import { earFor } from '../../src/sim/ears.ts'
import { anyQuestion, type Hour, type Question, questionsOf } from './questions.ts'

/** Answered to the end and every word of it right, turned away, or anything else. */
export type Fate = 'whole' | 'refused' | 'broken'

/** One caller with one question, who listens to the end. */
async function ask(world: World, origin: string, { by, text, answer }: Question): Promise<Fate> {
  const body = { model: 'real', stream: true, temperature: 0, messages: [{ role: 'user', content: text }] }
  const send = (): ReturnType<World['send']> =>
    world.send({
      method: 'POST',
      origin,
      path: '/v1/chat/completions',
      headers: [
        ['content-type', 'application/json'],
        ['authorization', `Bearer ${by.key}`],
      ],
      body: Buffer.from(JSON.stringify(body)),
      signal: undefined,
    })
  const ear = earFor('openai-chat', true)
  try {
    // A connection that was kept may have been closed a moment ago: llama-server closes each of them after some questions.
    const inbound = await send().catch((error: unknown) => {
      if (error instanceof NetFault && error.kept) return send()
      throw error
    })
    for await (const bytes of inbound.body) if (inbound.status === 200) ear.hear(bytes)
    if (inbound.status === 429 || inbound.status === 503) return 'refused'
  } catch {
    return 'broken'
  }
  return ear.heard.whole && ear.heard.text === answer ? 'whole' : 'broken'
}

/** Everybody asks when it comes to him, whatever became of the others. */
export async function playHour(world: World, origin: string, hour: Hour): Promise<readonly Fate[]> {
  const beganAt = world.now()
  const fates: Promise<Fate>[] = []
  for (const question of questionsOf(hour)) {
    const inMs = beganAt + question.atMs - world.now()
    if (inMs > 0) await world.sleep(inMs)
    fates.push(ask(world, origin, question))
  }
  return Promise.all(fates)
}

/** Answers a second with so many callers of whom each asks again at once. */
export async function capacityOf(
  world: World,
  origin: string,
  { slots, lengthMs, seed }: { readonly slots: number; readonly lengthMs: number; readonly seed: number },
): Promise<number> {
  const chance = chanceOf(seed, 'capacity')
  const beganAt = world.now()
  let [number, done] = [0, 0]
  const caller = async (): Promise<void> => {
    while (world.now() < beganAt + lengthMs) {
      number += 1
      const fate = await ask(world, origin, anyQuestion(0, 500_000_000 + seed * 100_000 + number, chance))
      if (fate !== 'whole')
        throw new Error(`A server that was asked no more than it can do gave an answer that was ${fate}.`)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: slots }, caller))
  return (done * 1_000) / (world.now() - beganAt)
}
