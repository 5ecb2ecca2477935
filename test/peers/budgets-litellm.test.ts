import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Budget } from '../../src/core/budget.ts'
import type { Entry } from '../../src/core/ledger.ts'
import { NetFault } from '../../src/core/world.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import { callerWith } from '../../src/accounts/rig.test-helper.ts'
import { box, chat, serves, servesWhole, sky, stage, streamed, wholeAnswer } from '../accounts/stage.ts'
import { type Act, answer, readAll, silentAfter, wholeStream } from '../dispatch/scripted.ts'

/** What users of LiteLLM have reported of its budgets, by the number of the report, as it is here. */

const perDay = (nano: number): Budget => ({ per: 'day', nano, alertAt: [] })
const answerNano = 7 * 1_000 + 2 * 10_000

const sum = (entries: readonly Entry[]): number => entries.reduce((all, { nano }) => all + nano, 0)

const codeOf = async (asking: Promise<unknown>): Promise<string> =>
  asking.then(
    () => 'served',
    (error: unknown) => (error as { code: string }).code,
  )

suite('LiteLLM: refused without a reason', () => {
  test('20615, 22726: who has no budget is never told that it is spent', async () => {
    const { on, ledger } = stage({ sky: sky(servesWhole) })
    const none = [
      callerWith([]),
      callerWith([], { budgets: undefined }),
      callerWith([{ per: 'day', gpuMs: 1e12, alertAt: [] }]),
    ]
    for (const caller of none)
      for (let at = 0; at < 50; at += 1) await on.ask({ ...chat, max_tokens: 100_000 }, { caller })
    assert.equal(ledger.entries.length, 150)
  })

  test('36926, 40050, 27509: a budget is not used up by what was only reserved', async () => {
    const { on, ledger } = stage({ sky: sky(servesWhole) })
    const limit = 200_000_000
    const caller = callerWith([perDay(limit)])
    // As coding agents ask: all that a model can write, for an answer of two words.
    for (let at = 0; at < 400; at += 1) await on.ask({ ...chat, max_tokens: 32_000 }, { caller })
    assert.equal(sum(ledger.entries), 400 * answerNano)
    const [standing] = on.gateway.treasury.standings().filter(({ account }) => account === 'caller:ann/day')
    assert.deepEqual([standing?.spent, standing?.held], [400 * answerNano, 0])
  })

  test('38647: sixteen agents at once, each with max_tokens 32000, share a budget that would pay for less than one of them', async () => {
    const { on, ledger } = stage({ sky: sky(servesWhole) })
    const caller = callerWith([perDay(300_000_000)])
    const asked = Array.from({ length: 16 }, () =>
      codeOf(on.ask({ ...chat, max_tokens: 32_000 }, { caller, patienceMs: 8_000 })),
    )
    assert.deepEqual(
      await Promise.all(asked),
      Array.from({ length: 16 }, () => 'served'),
    )
    assert.equal(sum(ledger.entries), 16 * answerNano)
  })

  test('36926: what is reserved comes back however a request ends', async () => {
    const refused: Act = () => {
      throw new NetFault('refused', 'refused', { unsent: true })
    }
    const reset: Act = () => {
      throw new NetFault('reset', 'reset')
    }
    const ends: Record<string, Act> = {
      refused,
      reset,
      busy: () => answer(['{"error":{"message":"busy"}}'], { status: 429 }),
      wrong: () => answer(['{"error":{"message":"wrong"}}'], { status: 400 }),
      broken: () => answer(['{"error":{"message":"broken"}}'], { status: 500 }),
      cut: () => answer(wholeStream.slice(0, 3), { end: 'reset' }),
      empty: () => answer([]),
      nonsense: () => answer(['data: {]\n\n']),
    }
    for (const [name, act] of Object.entries(ends)) {
      const { on, ledger } = stage({ sky: sky(act) })
      const caller = callerWith([perDay(1_000_000_000)])
      await on
        .ask(streamed, { caller })
        .then(readAll, () => {})
        .catch(() => {})
      assert.deepEqual(ledger.open, [], name)
      assert.ok(ledger.entries.length === 1, name)
    }
  })

  test('36926: what is reserved comes back when a caller leaves, at whatever word', async () => {
    for (let words = 0; words <= wholeStream.length; words += 1) {
      const { on, ledger } = stage({ sky: sky((out) => silentAfter(wholeStream.slice(0, words), out)) })
      const leaving = new AbortController()
      const caller = callerWith([perDay(1_000_000_000)])
      const asking = on.ask(streamed, { caller, signal: leaving.signal }).then(readAll)
      asking.catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 2))
      leaving.abort()
      await asking.catch(() => {})
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(ledger.open, [], `${words} words`)
      assert.ok(ledger.entries[0]!.nano > 0)
    }
  })
})

suite('LiteLLM: let in without the money', () => {
  test('34732, 26672: five hundred at once do not pass one check together', async () => {
    const slowly: Act = async () => {
      await new Promise((resolve) => setTimeout(resolve, 200))
      // Each of them writes all that it was allowed.
      const usage = { prompt_tokens: 80, completion_tokens: 1_000, total_tokens: 1_080 }
      return answer([JSON.stringify({ ...(JSON.parse(wholeAnswer) as object), usage })])
    }
    const { on, ledger } = stage({ sky: sky(slowly) })
    const one = 80 * 1_000 + 1_000 * 10_000
    const caller = callerWith([perDay(10 * one)], { clamp: false })
    const asked = await Promise.all(Array.from({ length: 500 }, () => codeOf(on.ask(chat, { caller }))))
    assert.equal(asked.filter((code) => code === 'served').length, 10)
    assert.equal(asked.filter((code) => code === 'budget_exceeded').length, 490)
    assert.equal(on.heard.get('sky')!.length, 10)
    assert.equal(ledger.entries.length, 10)
    assert.ok(sum(ledger.entries) <= 10 * one)
  })

  test('40095: the very first request of a caller is held to its budget, and to that of its team', async () => {
    for (const own of [[perDay(0)], []]) {
      const team = { name: 'new', budgets: own.length === 0 ? [perDay(0)] : [] }
      const { on } = stage({ sky: sky(servesWhole) })
      assert.equal(
        await codeOf(on.ask(chat, { caller: callerWith(own, { id: 'never-seen', team }) })),
        'budget_exceeded',
      )
      assert.equal(on.heard.get('sky')!.length, 0)
    }
  })

  test('11083, 23714: there is no way around the check, streamed or not, in whatever dialect', async () => {
    const messages = [{ role: 'user', content: 'Hi' }]
    const ways: readonly [string, Record<string, unknown>][] = [
      ['openai-chat', chat],
      ['openai-chat', streamed],
      ['openai-responses', { model: 'm', input: 'Hi' }],
      ['openai-responses', { model: 'm', input: 'Hi', stream: true }],
      ['openai-completions', { model: 'm', prompt: 'Hi' }],
      ['anthropic-messages', { model: 'm', max_tokens: 10, messages }],
      ['ollama-chat', { model: 'm', messages }],
      ['ollama-generate', { model: 'm', prompt: 'Hi' }],
      ['openai-embeddings', { model: 'm', input: 'Hi' }],
      ['ollama-embed', { model: 'm', input: 'Hi' }],
    ]
    for (const [dialect, body] of ways) {
      const { on } = stage({ sky: sky(serves) })
      assert.equal(await codeOf(on.ask(body, { dialect, caller: callerWith([perDay(0)]) })), 'budget_exceeded', dialect)
      assert.equal(on.heard.get('sky')!.length, 0, dialect)
    }
  })

  test('35524: where there is a budget, a model whose price nobody knows is not served for money, and goes on at home', async () => {
    const unpriced = { prices: new Map(), budgets: [perDay(1_000_000_000)] }
    const { on } = stage({ sky: sky(serves) }, new MemoryLedger(), unpriced)
    await assert.rejects(on.ask(streamed), { code: 'no_upstream_available', message: /prices: / })
    const both = stage({ box: box(serves), sky: sky(serves) }, new MemoryLedger(), unpriced)
    const reply = await both.on.ask(streamed)
    await readAll(reply)
    assert.equal(reply.upstream, 'box')
  })

  test('42653: a ledger that is away closes the cloud, and the budget is the same when it is back', async () => {
    const { on, ledger } = stage({ sky: sky(servesWhole) })
    const caller = callerWith([perDay(11_000_000)], { clamp: false })
    ledger.trouble = 'The database is away.'
    for (let at = 0; at < 5; at += 1) assert.equal(await codeOf(on.ask(chat, { caller })), 'ledger_unavailable')
    assert.equal(on.heard.get('sky')!.length, 0)
    ledger.trouble = undefined
    assert.equal(await codeOf(on.ask(chat, { caller })), 'served')
  })

  test('37992: a server that counts nothing is charged nothing, and nothing is guessed instead', async () => {
    const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
    const free = JSON.stringify({ ...(JSON.parse(wholeAnswer) as object), usage })
    const { on, ledger } = stage({ sky: sky(() => answer([free])) })
    await on.ask(chat)
    const [entry] = ledger.entries
    assert.deepEqual([entry?.nano, entry?.inputTokens, entry?.outputTokens, entry?.estimated], [0, 0, 0, false])
  })
})
