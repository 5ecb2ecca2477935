import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeWorld } from '../../src/fleet/fake-world.test-helper.ts'
import { done, frame, readAll, rig, textOf, usageFrame } from './scripted.ts'

/** A world whose date can be set. */
class Movable extends FakeWorld {
  offMs = 0

  override epochMs(): number {
    return super.epochMs() + this.offMs
  }
}

for (const days of [-30, 30]) {
  test(`what Ollama's clients are told of how long it took is right though the clock was set by ${days} days meanwhile`, async () => {
    const world = new Movable()
    const speaks = async function* (): AsyncGenerator<Uint8Array> {
      await world.sleep(2_000)
      yield Buffer.from(frame({ content: 'Hel' }))
      world.offMs = days * 86_400_000
      await world.sleep(3_000)
      yield Buffer.from(frame({ content: 'lo' }) + frame({}, 'stop') + usageFrame(7, 2) + done)
    }
    const on = rig(
      { a: { kind: 'openai-compatible', act: () => ({ status: 200, headers: {}, body: speaks() }) } },
      {},
      world,
    )
    const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
    const heard = on.ask(body, { dialect: 'ollama-chat' }).then(readAll).then(textOf)
    await world.advance(6_000)
    const lines = (await heard)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number | string>)
    const { total_duration: total, prompt_eval_duration: reading, eval_duration: speaking } = lines.at(-1)!
    assert.deepEqual([total, reading, speaking], [5e9, 2e9, 3e9])
    const dates = lines.map(({ created_at: at }) => Date.parse(String(at)))
    assert.deepEqual(
      dates,
      dates.toSorted((one, other) => one - other),
    )
  })
}
