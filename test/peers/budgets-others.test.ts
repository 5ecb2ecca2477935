import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Budget } from '../../src/core/budget.ts'
import { callerWith } from '../../src/accounts/rig.test-helper.ts'
import { chat, servesWhole, sky, stage, wholeAnswer } from '../accounts/stage.ts'
import { type Act, answer } from '../dispatch/scripted.ts'

/** What other gateways got wrong with money, as it is here. */

const perDay = (nano: number): Budget => ({ per: 'day', nano, alertAt: [] })

const counts = (prompt: unknown, output: unknown): string =>
  JSON.stringify({
    ...(JSON.parse(wholeAnswer) as object),
    usage: { prompt_tokens: prompt, completion_tokens: output, total_tokens: 0 },
  })

suite('new-api', () => {
  test('CVE-2026-71479: no count of tokens, however large or odd, gives money back', async () => {
    const odd = [-1, -0, -1_000_000, 2 ** 31, 2 ** 53 + 2, 1e308, 0.5, '5', null, [7], true]
    for (const count of odd) {
      for (const body of [counts(count, 2), counts(7, count), counts(count, count)]) {
        const { on, ledger } = stage({ sky: sky(() => answer([body])) })
        await on.ask(chat, { caller: callerWith([perDay(1_000_000_000)]) }).catch(() => {})
        const [entry] = ledger.entries
        assert.ok(Number.isSafeInteger(entry?.nano) && entry!.nano >= 0, body)
        assert.ok(entry!.nano <= 10_000_000 * 11_000, body)
        assert.deepEqual(ledger.open, [])
      }
    }
  })

  test('CVE-2026-71479: no limit that a request names, however large, makes its reservation small', async () => {
    for (const limit of [2 ** 31, 2 ** 53 - 1, 1e15]) {
      const { on } = stage({ sky: sky(servesWhole) })
      const caller = callerWith([perDay(100_000_000)], { clamp: false })
      await assert.rejects(on.ask({ ...chat, max_tokens: limit }, { caller }), { code: 'request_too_large' })
      assert.equal(on.heard.get('sky')!.length, 0)
    }
  })

  test('6607, 6609: a caller with much money is held to it as one with little is', async () => {
    const { on, ledger } = stage({ sky: sky(servesWhole) })
    const caller = callerWith([perDay(1_000_000_000_000)])
    await on.ask(chat, { caller })
    assert.equal(ledger.entries[0]?.tries[0]?.claim.accounts[0]?.limitNano, 1_000_000_000_000)
    assert.ok(ledger.entries[0].tries[0].claim.nano > 1_000 * 10_000)
  })
})

suite('one-api', () => {
  test('2440: nothing is taken below nothing', async () => {
    const { on, ledger } = stage({ sky: sky(servesWhole) })
    const caller = callerWith([perDay(11_000_000)], { clamp: false })
    await Promise.allSettled(Array.from({ length: 50 }, () => on.ask(chat, { caller })))
    const spent = ledger.entries.reduce((sum, { nano }) => sum + nano, 0)
    assert.ok(spent > 0 && spent <= 11_000_000)
  })
})

suite('Bifrost', () => {
  test('its guide shows $6 of $5 spent: here $5 of $5 is the end of it', async () => {
    // It writes all that it is allowed.
    const chatty: Act = ({ body }) => {
      const { max_tokens: limit } = JSON.parse(Buffer.from(body!).toString()) as { max_tokens: number }
      return answer([counts(20, limit)])
    }
    const { on, ledger } = stage({ sky: sky(chatty) })
    const caller = callerWith([perDay(50_000_000)])
    for (let at = 0; at < 10; at += 1) await on.ask(chat, { caller }).catch(() => {})
    const spent = ledger.entries.reduce((sum, { nano }) => sum + nano, 0)
    assert.ok(spent <= 50_000_000 && ledger.entries.length >= 4)
  })
})
