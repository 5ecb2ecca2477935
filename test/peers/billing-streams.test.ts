/** What gateways like this one have been seen to charge wrongly where answers are streams: each by its report. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { costOf } from '../../src/core/money.ts'
import { type Settings, usualHedge } from '../../src/core/settings.ts'
import { type TalkingDialect, usualModel } from '../../src/sim/workload.ts'
import { anyone, counter, entryOf, errandOf, listen, money, type Seller } from './counter.ts'

const price = money.prices.get(usualModel)!

/** Callers of each API before servers that speak each. */
const dialects: readonly TalkingDialect[] = ['openai-chat', 'anthropic-messages', 'ollama-chat']
const kinds = ['vllm', 'anthropic', 'ollama'] as const

const sellers: Readonly<Record<(typeof kinds)[number], Seller>> = {
  vllm: { kind: 'vllm', options: { torn: 0.2 } },
  anthropic: { kind: 'anthropic' },
  ollama: { kind: 'ollama' },
}

const words = 200

suite('LiteLLM 14457, 13245: who hangs up is charged for what was said until then', () => {
  for (const dialect of dialects) {
    for (const kind of kinds) {
      test(`${dialect} from ${kind}, at every tenth piece of ${words} words`, async () => {
        const on = await counter({ sky: sellers[kind] })
        let number = 0
        for (let chunks = 1; chunks <= words + 1; chunks += 10) {
          for (const leavesBy of ['abort', 'return'] as const) {
            number += 1
            const heard = await on.world.run(listen(on, errandOf(dialect, number, words), { chunks, leavesBy }))
            const { outputTokens, inputTokens, estimated, nano } = entryOf(on, number)
            const bill = on.bills('sky').at(-1)!
            assert.ok(heard <= outputTokens, `${heard} were heard, and ${outputTokens} are charged`)
            assert.ok(outputTokens <= bill.outputTokens, `${outputTokens} are charged, of ${bill.outputTokens}`)
            if (!estimated) assert.deepEqual([inputTokens, outputTokens], [bill.promptTokens, bill.outputTokens])
            assert.equal(nano, costOf({ promptTokens: inputTokens, outputTokens }, price))
            assert.ok(inputTokens > 0)
          }
        }
        assert.deepEqual(on.ledger.open, [])
      })
    }
  }
})

suite('LiteLLM 17664, pi 7259: streams are counted, though nobody asked for the counts', () => {
  for (const kind of ['llamacpp', 'vllm', 'ollama', 'openai', 'anthropic'] as const) {
    for (const dialect of dialects) {
      test(`${dialect} from ${kind}`, async () => {
        const on = await counter({ sky: { kind }, home: { kind, tier: 0, options: {} } })
        for (const number of [1, 2]) {
          if (number === 2) on.servers['home']!.crash()
          await on.world.run(listen(on, errandOf(dialect, number, 30)))
          const { upstream, inputTokens, outputTokens, estimated } = entryOf(on, number)
          const bill = on.bills(upstream).at(-1)!
          assert.deepEqual([inputTokens, outputTokens, estimated], [bill.promptTokens, 30, false])
        }
        assert.deepEqual(
          on.ledger.entries.map(({ upstream }) => upstream),
          ['home', 'sky'],
        )
      })
    }
  }
})

test('LiteLLM 41610: the tokens of streams are counted against the limit of a minute', async () => {
  const on = await counter({ home: { kind: 'vllm', tier: 0 } }, { anonymousLimits: { tokensPerMinute: 500 } })
  const first = await on.world.run(listen(on, errandOf('openai-chat', 1, 300)))
  assert.equal(first, 300)
  const asked = on.gateway.serve(on.ask(errandOf('openai-chat', 2, 300)))
  await assert.rejects(asked, { status: 429, code: 'rate_limit_exceeded' })
})

test('LiteLLM 41610: and against a budget of tokens', async () => {
  const budgets = [{ per: 'day', tokens: 1_000, alertAt: [] } as const]
  const caller = { id: 'ann', weight: 1, priority: 'default', models: undefined, cloud: 'allowed', budgets } as const
  const over: Partial<Settings> = { callers: [{ caller, key: 'key of ann', patienceMs: undefined }] }
  const on = await counter({ home: { kind: 'vllm', tier: 0 } }, over)
  const ann = { ...anyone, name: 'ann' }
  const heard: number[] = []
  for (const number of [1, 2, 3, 4, 5])
    heard.push(await on.world.run(listen(on, errandOf('openai-chat', number, 200, { caller: ann }))))
  const used = on.ledger.entries.reduce((sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens, 0)
  assert.deepEqual([heard[0], heard.at(-1)], [200, 0])
  assert.ok(used <= 1_000, `${used} tokens`)
})

suite('A hedge is charged for both', () => {
  test('for the one that answers what it counted, for the one that is hung up on its prompt', async () => {
    const on = await counter(
      { home: { kind: 'vllm', tier: 0 }, sky: { kind: 'openai' } },
      {
        hedge: { ...usualHedge, share: 1, cloud: true },
        timeouts: { connectMs: 1_000, firstTokenMs: 60_000, gapMs: 5_000 },
      },
    )
    // Both are to be known well before one can be late.
    for (let number = 1; number <= 60; number += 1) await on.world.run(listen(on, errandOf('openai-chat', number, 5)))
    on.servers['home']!.crash()
    for (let number = 61; number <= 90; number += 1) await on.world.run(listen(on, errandOf('openai-chat', number, 5)))
    on.servers['home']!.restart()
    await on.world.run(on.world.sleep(70_000))
    on.servers['home']!.freeze()
    const heard = await on.world.run(listen(on, errandOf('openai-chat', 100, 5)))
    assert.equal(heard, 5)
    const { upstream, tries } = entryOf(on, 100)
    assert.deepEqual([upstream, tries.length], ['sky', 1])
    assert.deepEqual([tries[0]!.outputTokens, tries[0]!.estimated], [5, false])
    assert.deepEqual(on.ledger.open, [])
  })
})
