import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Caller } from '../../src/core/ask.ts'
import type { Entry } from '../../src/core/ledger.ts'
import { NetFault } from '../../src/core/world.ts'
import { dialectById } from '../../src/dialects/index.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import { callerWith } from '../../src/accounts/rig.test-helper.ts'
import { box, chat, money, serves, servesWhole, sky, stage, streamed, wholeAnswer } from './stage.ts'
import {
  type Act,
  answer,
  done,
  frame,
  readAll,
  rig,
  settled,
  silentAfter,
  textOf,
  usageFrame,
  wholeStream,
} from '../dispatch/scripted.ts'

const known = ({ entries }: MemoryLedger): readonly Partial<Entry>[] =>
  entries.map(({ upstream, state, inputTokens, outputTokens, nano, estimated, fault }) => ({
    upstream,
    state,
    inputTokens,
    outputTokens,
    nano,
    estimated,
    fault,
  }))

const plain = { state: 'settled', inputTokens: 7, outputTokens: 2, estimated: false, fault: undefined } as const
const paid = { ...plain, upstream: 'sky', nano: 7 * 1_000 + 2 * 10_000 }
const unpaid = { ...plain, upstream: 'box', nano: 0 }

suite('A request is taken down', () => {
  for (const [name, servers, row] of [
    ['at home', { box: box(serves) }, unpaid],
    ['for money', { sky: sky(serves) }, paid],
  ] as const) {
    test(`${name} before its caller hears the last of a stream`, async () => {
      const { on, ledger } = stage(servers)
      const reply = await on.ask(streamed)
      const seen: boolean[] = []
      for await (const chunk of reply.body) {
        const isLast = textOf([chunk]).includes('[DONE]')
        assert.equal(ledger.entries.length, isLast ? 1 : 0)
        seen.push(isLast)
      }
      assert.ok(seen.includes(true))
      assert.deepEqual(known(ledger), [row])
      assert.deepEqual(ledger.open, [])
    })
  }

  test('before an answer in one piece is handed over', async () => {
    const { on, ledger } = stage({ sky: sky(servesWhole) })
    const reply = await on.ask(chat)
    assert.deepEqual(known(ledger), [paid])
    await readAll(reply)
    assert.equal((await settled(reply, on)).costNano, paid.nano)
  })

  test('on the disk, where it cost money, before its caller hears the end', async () => {
    const disk = Promise.withResolvers<void>()
    class SlowLedger extends MemoryLedger {
      override close(entry: Entry): Promise<void> | undefined {
        void super.close(entry)
        return disk.promise
      }
    }
    const { on } = stage({ sky: sky(serves) }, new SlowLedger())
    const reply = await on.ask(streamed)
    let text = ''
    const reading = (async () => {
      for await (const chunk of reply.body) text += textOf([chunk])
    })()
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.ok(!text.includes('[DONE]') && text.includes('Hel'))
    disk.resolve()
    await reading
    assert.ok(text.includes('[DONE]'))
  })

  test('though its ledger fails to write: who has paid for an answer gets it', async () => {
    class BrokenLedger extends MemoryLedger {
      override close(entry: Entry): Promise<void> | undefined {
        void super.close(entry)
        return Promise.reject(new Error('The disk is gone.'))
      }
    }
    for (const body of [chat, streamed]) {
      const { on } = stage({ sky: sky(body === chat ? servesWhole : serves) }, new BrokenLedger())
      assert.ok((await readAll(await on.ask(body))).length > 0)
    }
  })

  test('at once when its caller leaves, with what was delivered', async () => {
    const { on, ledger } = stage({ sky: sky((out) => silentAfter(wholeStream.slice(0, 3), out)) })
    const leaving = new AbortController()
    const reply = await on.ask(streamed, { signal: leaving.signal })
    const body = reply.body[Symbol.asyncIterator]()
    await body.next()
    await body.next()
    leaving.abort()
    await reply.outcome
    const [entry] = ledger.entries
    assert.deepEqual([entry?.fault, entry?.estimated, entry?.state], ['client_closed_request', true, 'settled'])
    assert.ok(entry!.outputTokens >= 1 && entry!.nano > 10_000)
    assert.deepEqual(ledger.open, [])
  })

  test('with the failures that cost nothing, and the try that served it', async () => {
    const refused: Act = () => {
      throw new NetFault('refused', 'refused', { unsent: true })
    }
    const { on, ledger } = stage({ gone: sky(refused, { tier: 0 }), sky: sky(serves) })
    await readAll(await on.ask(streamed))
    assert.deepEqual(known(ledger), [paid])
  })

  test('though it was never served, if it was tried', async () => {
    const broken: Act = () => answer(['data: {"error":{"message":"no"}}\n\n'], { status: 500 })
    const { on, ledger } = stage({ box: box(broken) })
    await assert.rejects(on.ask(streamed))
    const [entry] = ledger.entries
    assert.deepEqual([entry?.upstream, entry?.state, entry?.fault], ['box', 'released', 'upstream_error'])
  })

  test('with what may have been used up for nothing, where it was never served', async () => {
    const reset: Act = () => {
      throw new NetFault('reset', 'reset')
    }
    const { on, ledger } = stage({ sky: sky(reset) })
    await assert.rejects(on.ask(streamed))
    const [entry] = ledger.entries
    assert.deepEqual([entry?.state, entry?.estimated, entry?.fault], ['settled', true, 'upstream_error'])
    assert.ok(entry!.inputTokens > 0 && entry!.nano === entry!.inputTokens * 1_000)
  })

  test('under an id of its own, whatever its caller calls it', async () => {
    const { on, ledger } = stage({ sky: sky(serves) })
    for (let times = 0; times < 3; times += 1) await readAll(await on.ask(streamed, { id: 'the-same' }))
    assert.deepEqual(known(ledger), [paid, paid, paid])
    assert.ok(ledger.entries.every(({ id }) => id.startsWith('the-same~')))
  })

  test('each time that an application has it served', async () => {
    const ledger = new MemoryLedger()
    const twice = rig(
      { sky: sky(serves) },
      { money },
      undefined,
      [
        (next) => async (ask) => {
          await readAll(await next(ask))
          return next(ask)
        },
      ],
      ledger,
    )
    await readAll(await twice.ask(streamed))
    assert.deepEqual(known(ledger), [paid, paid])
    const [first, second] = ledger.entries
    assert.equal(second?.id, `${first?.id}.2`)
  })

  test('with what it would have cost in the cloud, where it stayed at home', async () => {
    for (const body of [chat, streamed]) {
      const { on, ledger } = stage({ box: box(body === chat ? servesWhole : serves), sky: sky(serves) })
      const reply = await on.ask(body)
      await readAll(reply)
      assert.deepEqual([ledger.entries[0]?.upstream, ledger.entries[0]?.savedNano], ['box', paid.nano])
      assert.equal((await reply.outcome).savedNano, paid.nano)
    }
  })
})

test('money that is set aside while its caller leaves comes back', async () => {
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  const ledger = new MemoryLedger({ world: { sleep } })
  ledger.holdMs = 30
  const { on } = stage({ sky: sky(serves) }, ledger)
  const leaving = new AbortController()
  const asking = on.ask(streamed, { signal: leaving.signal })
  await sleep(5)
  leaving.abort()
  await assert.rejects(asking, { code: 'client_closed_request' })
  await sleep(60)
  assert.deepEqual([ledger.open.length, on.heard.get('sky')!.length], [0, 0])
  assert.deepEqual(
    ledger.entries.map(({ state, nano, fault }) => [state, nano, fault]),
    [['released', 0, 'client_closed_request']],
  )
})

suite('Where there is no money', () => {
  test('five hundred at once on money for ten are ten that leave, and the others are told when to come back', async () => {
    const { on, ledger } = stage({ sky: sky(servesWhole) })
    // A prompt of a dozen tokens is taken for less than a hundred, and each is held for a thousand of answer.
    const caller = callerWith([{ per: 'day', nano: 105_000_000, alertAt: [] }], { clamp: false })
    const answers = await Promise.allSettled(Array.from({ length: 500 }, () => on.ask(chat, { caller })))
    assert.ok(on.heard.get('sky')!.length >= 10)
    const spent = ledger.entries.reduce((sum, { nano }) => sum + nano, 0)
    assert.ok(spent <= 105_000_000)
    for (const one of answers) {
      if (one.status === 'rejected') assert.equal((one.reason as { code: string }).code, 'budget_exceeded')
    }
    assert.deepEqual(ledger.open, [])
  })

  test('a request waits for money that only others who are under way have', async () => {
    const slowly: Act = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30))
      return answer([wholeAnswer])
    }
    const { on, ledger } = stage({ sky: sky(slowly) })
    const caller = callerWith([{ per: 'day', nano: 11_000_000, alertAt: [] }], { clamp: false })
    const asked = Array.from({ length: 4 }, () => on.ask(chat, { caller, patienceMs: 8_000 }))
    await Promise.all(asked)
    assert.equal(ledger.entries.length, 4)
    // Whoever has no patience is told to come back soon, and not tomorrow.
    const first = on.ask(chat, { caller })
    await new Promise((resolve) => setImmediate(resolve))
    await assert.rejects(on.ask(chat, { caller, patienceMs: 0 }), { code: 'budget_exceeded', retryAfterMs: 1_000 })
    await first
  })

  test('a request stays at home, and its decision says why', async () => {
    const { on } = stage({ box: box(serves), sky: sky(serves) })
    const caller = callerWith([{ per: 'day', nano: 0, alertAt: [] }])
    const reply = await on.ask(streamed, { caller })
    await readAll(reply)
    assert.equal(reply.upstream, 'box')
  })

  test('a request that only the cloud could serve is told whose budget it is, and when it begins anew', async () => {
    const { on, ledger } = stage({ sky: sky(serves) })
    const caller = callerWith([{ per: 'day', nano: 0, alertAt: [] }])
    await assert.rejects(
      on.ask(streamed, { caller }),
      (fault: { status: number; message: string; retryAfterMs: number }) => {
        assert.equal(fault.status, 429)
        assert.match(fault.message, /the caller ann for this day/)
        assert.ok(fault.retryAfterMs > 1_000 && fault.retryAfterMs <= 25 * 3_600_000)
        return true
      },
    )
    assert.deepEqual(ledger.entries, [])
  })

  test('a short answer is asked for rather than none, unless the caller will not have it so', async () => {
    const { on } = stage({ sky: sky(serves) })
    const caller = callerWith([{ per: 'day', nano: 3_000_000, alertAt: [] }])
    const reply = await on.ask(streamed, { caller })
    await readAll(reply)
    assert.match(reply.decision, /cut to \d+ tokens/)
    const sent = JSON.parse(Buffer.from(on.heard.get('sky')![0]!.body!).toString()) as { max_tokens: number }
    assert.ok(sent.max_tokens >= 64 && sent.max_tokens < 300)
    await assert.rejects(on.ask(streamed, { caller, clamp: 'never' }), { code: 'request_too_large' })
  })

  test('an answer that says nothing of its limit is told one that is paid for', async () => {
    const { on } = stage({
      sky: sky(() => answer([frame({ content: 'x' }), frame({}, 'stop'), usageFrame(7, 2), done])),
    })
    await readAll(await on.ask({ ...streamed, max_tokens: undefined }))
    const sent = JSON.parse(Buffer.from(on.heard.get('sky')![0]!.body!).toString()) as Record<string, unknown>
    assert.ok(sent['max_tokens'] === 8_192 || sent['max_completion_tokens'] === 8_192)
  })
})

suite('A budget of tokens', () => {
  const tokens = (limit: number): Caller => callerWith([{ per: 'day', tokens: limit, alertAt: [] }])

  test('counts at home too, and says when it begins anew', async () => {
    const { on, ledger } = stage({ box: box(serves) })
    const caller = tokens(180)
    let served = 0
    for (let at = 0; at < 40; at += 1) {
      try {
        await readAll(await on.ask(streamed, { caller }))
        served += 1
      } catch (error) {
        assert.equal((error as { code: string }).code, 'budget_exceeded')
        assert.match((error as Error).message, /of 180 tokens used up.*begins anew/)
        break
      }
    }
    const used = ledger.entries.reduce((sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens, 0)
    assert.ok(served > 0 && served < 40 && used <= 180)
  })

  test('shortens an answer to what is left of it', async () => {
    const { on } = stage({ box: box(serves) })
    await readAll(await on.ask(streamed, { caller: tokens(400) }))
    const sent = JSON.parse(Buffer.from(on.heard.get('box')![0]!.body!).toString()) as { max_tokens: number }
    assert.ok(sent.max_tokens < 400)
  })

  test('is told of by explain as it would be by the request itself', async () => {
    const { on } = stage({ box: box(serves) })
    const input = { dialect: dialectById('openai-chat')!, body: streamed, signal: new AbortController().signal }
    const { verdict } = await on.gateway.explain({ ...input, caller: tokens(0) })
    assert.equal(verdict.action === 'refuse' && verdict.fault.code, 'budget_exceeded')
  })
})
