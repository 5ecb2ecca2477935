/** What gateways like this one have been seen to charge twice, or for nothing: each by its report. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Budget } from '../../src/core/budget.ts'
import { NetFault } from '../../src/core/world.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import { FakeWorld } from '../../src/fleet/fake-world.test-helper.ts'
import {
  type Act,
  answer,
  readAll,
  type Rig,
  rig,
  type ScriptedServer,
  silentAfter,
  wholeStream,
} from '../dispatch/scripted.ts'
import { money } from './counter.ts'

const streamed = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true, max_tokens: 100 }
const prices = new Map([['m', { input: 1_000_000, output: 10_000_000, source: 'test' }]])

const serves: Act = () => answer(wholeStream)
const hangs: Act = (out) => silentAfter([], out)

const sells = (act: Act, tier = 1): ScriptedServer => ({ kind: 'openai-compatible', act, tier, concurrency: 600 })

interface Stage {
  readonly on: Rig
  readonly world: FakeWorld
  readonly ledger: MemoryLedger
}

function stage(servers: Record<string, ScriptedServer>, budgets: readonly Budget[] = []): Stage {
  const world = new FakeWorld()
  const ledger = new MemoryLedger()
  const settings = {
    money: { ...money, prices, budgets },
    queue: { max: 1_000, patienceMs: 30_000 },
    timeouts: { connectMs: 1_000, firstTokenMs: 5_000, gapMs: 5_000 },
  }
  return { on: rig(servers, settings, world, [], ledger), world, ledger }
}

suite('taiji 234, OpenBitFun 2677: a first token that is late is not paid for twice', () => {
  test('no other server that costs money gets the request, and the one that has it is charged for the prompt', async () => {
    const { on, world, ledger } = stage({ sky: sells(hangs), moon: sells(serves) })
    const asked = on.ask(streamed)
    asked.catch(() => {})
    await world.advance(60_000)
    await assert.rejects(asked, { kind: 'upstream-slow', status: 504 })
    assert.deepEqual([on.heard.get('sky')!.length, on.heard.get('moon')!.length], [1, 0])
    const [entry] = ledger.entries
    assert.deepEqual([entry!.tries.length, entry!.tries[0]!.estimated, entry!.tries[0]!.outputTokens], [1, true, 0])
    assert.ok(entry!.nano > 0 && entry!.nano === entry!.tries[0]!.nano)
    assert.deepEqual(ledger.open, [])
  })

  test('where it costs nothing it is run again', async () => {
    let isBusy = true
    const home: Act = (out) => (isBusy ? answer(['busy'], { status: 503 }) : serves(out))
    const slow: Act = (out) => {
      isBusy = false
      return hangs(out)
    }
    const { on, world, ledger } = stage({ home: { ...sells(home, 0), concurrency: 1 }, sky: sells(slow) })
    const asked = on.ask(streamed)
    await world.advance(20_000)
    const reply = await asked
    await readAll(reply)
    const [entry] = ledger.entries
    assert.deepEqual([reply.upstream, entry!.tries.length, entry!.tries[0]!.estimated], ['home', 1, true])
  })
})

test('LiteLLM 37992: a count of nothing is a count, and no estimate takes its place', async () => {
  const counts = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
  const body = JSON.stringify({
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
    usage: counts,
  })
  const zero = wholeStream.map((frame) =>
    frame.replace(
      '"prompt_tokens":7,"completion_tokens":2,"total_tokens":9',
      '"prompt_tokens":0,"completion_tokens":0,"total_tokens":0',
    ),
  )
  for (const [asked, given] of [
    [streamed, zero],
    [{ ...streamed, stream: false }, [body]],
  ] as const) {
    const { on, ledger } = stage({ sky: sells(() => answer(given)) })
    await readAll(await on.ask(asked))
    const [{ inputTokens, outputTokens, nano, estimated, state }] = ledger.entries as [(typeof ledger.entries)[number]]
    assert.deepEqual([inputTokens, outputTokens, nano, estimated, state], [0, 0, 0, false, 'settled'])
  }
})

test('a request that breaks on every server is charged where it may have been run, and nowhere else', async () => {
  const refused = (): never => {
    throw new NetFault('refused', 'refused', { unsent: true })
  }
  const reset = (): never => {
    throw new NetFault('reset', 'reset')
  }
  const declined: Act = () => answer(['overloaded'], { status: 529 })
  const { on, world, ledger } = stage({ one: sells(refused), two: sells(declined), three: sells(reset) })
  const asked = on.ask(streamed)
  asked.catch(() => {})
  await world.advance(60_000)
  await assert.rejects(asked)
  const came = ledger.entries[0]!.tries.map(({ claim, state }) => `${claim.upstream} ${state}`)
  assert.deepEqual(came.toSorted(), ['one released', 'three settled', 'two released'])
})
