import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import type { Event } from '../core/event.ts'
import { type Inbound, NetFault, type Outbound } from '../core/world.ts'
import { SimWorld } from '../sim/world.ts'
import { MemoryNotes } from './memory-notes.ts'
import { signatureOf, WebhookSender } from './webhook.ts'

const secret = 'a secret that is long enough'
const letter = { id: 'msg_1', at: 0, body: JSON.stringify({ id: 'msg_1', type: 'budget.reached' }) }

/** A receiver that answers as it is told, in turn, and takes everything when it is told nothing more. */
class Receiver {
  readonly got: { readonly at: number; readonly out: Outbound }[] = []
  readonly #world: SimWorld
  readonly #answers: (number | 'silent' | 'gone')[]

  constructor(world: SimWorld, answers: readonly (number | 'silent' | 'gone')[]) {
    this.#world = world
    this.#answers = [...answers]
    world.attach('http://hooks.test', this)
  }

  async send(out: Outbound): Promise<Inbound> {
    this.got.push({ at: this.#world.now(), out })
    const answer = this.#answers.shift() ?? 204
    if (answer === 'gone') throw new NetFault('refused', 'Nobody listens.', { unsent: true })
    if (answer === 'silent') {
      await this.#world.sleep(3_600_000, out.signal)
      throw new NetFault('aborted', 'The caller went away.')
    }
    return { status: answer, headers: {}, body: bodyOf('thanks') }
  }
}

async function* bodyOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

/** Looks once a second, for so long. */
async function watch(world: SimWorld, senders: readonly WebhookSender[], seconds: number): Promise<void> {
  const looking = async (): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      for (const sender of senders) await sender.look()
      await world.sleep(1_000)
    }
  }
  await world.run(looking())
}

async function scene(answers: readonly (number | 'silent' | 'gone')[], gateways = 1) {
  const world = new SimWorld(7)
  const receiver = new Receiver(world, answers)
  const notes = new MemoryNotes()
  const events: Event[] = []
  const parts = { world, emit: (event: Event) => void events.push(event), notes }
  const address = () => ({ url: 'http://hooks.test/in?x=1', secret })
  const senders = Array.from({ length: gateways }, () => new WebhookSender({ ...parts, address }))
  await notes.post(letter, true)
  const said = (): string[] => events.flatMap((event) => (event.type === 'notice' ? [event.text] : []))
  return { world, receiver, notes, senders, said, parts }
}

test('a receiver that fails twice and then takes it has it once, under one id, with a signature that holds', async () => {
  const { world, receiver, senders } = await scene([500, 'gone'])
  await watch(world, senders, 3_600)
  assert.equal(receiver.got.length, 3)
  const { method, path, headers, body } = receiver.got[2]!.out
  assert.deepEqual([method, path, Buffer.from(body!).toString()], ['POST', '/in?x=1', letter.body])
  const told = new Map(headers)
  assert.equal(told.get('webhook-id'), 'msg_1')
  const signed = `msg_1.${told.get('webhook-timestamp')}.${letter.body}`
  const signature = createHmac('sha256', secret).update(signed).digest('base64')
  assert.equal(told.get('webhook-signature'), `v1,${signature}`)
  const seconds = Math.floor((Date.UTC(2026, 0, 1) + receiver.got[2]!.at) / 1_000)
  assert.equal(told.get('webhook-timestamp'), String(seconds))
})

test('each try waits longer than the one before, and after the last it is given up and said', async () => {
  const { world, receiver, senders, said } = await scene(Array<number>(20).fill(503))
  await watch(world, senders, 12 * 3_600)
  const pauses = receiver.got.slice(1).map(({ at }, before) => (at - receiver.got[before]!.at) / 1_000)
  assert.equal(pauses.length, 7)
  for (const [i, usual] of [1, 5, 30, 120, 600, 3_600, 21_600].entries())
    assert.ok(pauses[i]! >= 0.8 * usual && pauses[i]! <= 1.2 * usual + 2, `${i}: ${pauses[i]} s`)
  assert.deepEqual(said(), [
    'The webhook was not told of budget.reached: it answered 503. It is tried again.',
    'The webhook was not told of budget.reached: it answered 503. It is given up.',
  ])
})

test('one that does not answer is left after ten seconds, and others are told meanwhile', async () => {
  const { world, receiver, senders, notes } = await scene(['silent'])
  await notes.post({ id: 'msg_2', at: 500, body: '{"type":"note"}' }, true)
  await watch(world, senders, 60)
  const ids = receiver.got.map(({ out }) => new Map(out.headers).get('webhook-id'))
  assert.deepEqual(ids, ['msg_1', 'msg_2', 'msg_1'])
  assert.ok(receiver.got[1]!.at <= 2_000)
  assert.ok(receiver.got[2]!.at > 10_000)
})

test('where it points elsewhere it is not followed', async () => {
  const { world, receiver, senders } = await scene([302])
  await watch(world, senders, 60)
  assert.deepEqual(
    receiver.got.map(({ out }) => out.origin + out.path),
    ['http://hooks.test/in?x=1', 'http://hooks.test/in?x=1'],
  )
})

test('of two gateways one sends it, and when that one falls over the other does', async () => {
  const { world, receiver, senders, notes } = await scene([], 2)
  await watch(world, senders, 60)
  assert.equal(receiver.got.length, 1)
  await notes.post({ ...letter, id: 'msg_2', at: world.epochMs() }, true)
  // One has taken it, and was never heard of again.
  assert.equal((await notes.take(world.epochMs(), 30_000, 4)).length, 1)
  await watch(world, [senders[1]!], 60)
  assert.equal(receiver.got.length, 2)
})

test('no more than four are under way at once', async () => {
  const { world, receiver, senders, notes } = await scene(Array<'silent'>(9).fill('silent'))
  for (let i = 2; i <= 9; i += 1) await notes.post({ ...letter, id: `msg_${i}` }, true)
  await watch(world, senders, 5)
  assert.equal(receiver.got.length, 4)
})

test('a secret in the form that other senders use is the bytes behind it', () => {
  // The example of the Standard Webhooks specification.
  const example = '{"test": 2432232314}'
  const content = `msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.${example}`
  assert.equal(
    signatureOf(content, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
    'g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  )
})
