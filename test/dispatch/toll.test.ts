import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Settings } from '../../src/core/settings.ts'
import { type Inbound, NetFault } from '../../src/core/world.ts'
import { FakePurse } from './fake-purse.ts'
import {
  type Act,
  answer,
  done,
  frame,
  readAll,
  type Rig,
  rig,
  type ScriptedServer,
  settled,
  silentAfter,
  textOf,
  usageFrame,
  wholeStream,
} from './scripted.ts'

const chat = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const streamed = { ...chat, stream: true }

const serves: Act = () => answer(wholeStream)

const cloud = (act: Act, more: Partial<ScriptedServer> = {}): ScriptedServer => ({
  kind: 'openai-compatible',
  act,
  tier: 1,
  ...more,
})
const home = (act: Act, more: Partial<ScriptedServer> = {}): ScriptedServer => ({ ...cloud(act, more), tier: 0 })

interface Stage {
  readonly on: Rig
  readonly purse: FakePurse
}

function stage(servers: Record<string, ScriptedServer>, over: Partial<Settings> = {}): Stage {
  const purse = new FakePurse()
  return { on: rig(servers, over, undefined, [purse.layer]), purse }
}

const sentTo = ({ heard }: Rig, name: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(heard.get(name)!.at(-1)!.body!).toString()) as Record<string, unknown>

const wholeAnswer = (usage?: object): string =>
  JSON.stringify({
    id: 'c1',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
    ...(usage && { usage }),
  })

suite('A try that costs money', () => {
  test('is paid for before it is sent, and comes to what the server counted', async () => {
    const { on, purse } = stage({
      sky: cloud(() => {
        assert.deepEqual([purse.held[0]!.isSent, purse.held[0]!.ended], [true, undefined])
        return serves(on.heard.get('sky')![0]!)
      }),
    })
    const reply = await on.ask(streamed)
    await readAll(reply)
    await settled(reply, on)
    assert.deepEqual(purse.tries, ['sky: 7+2'])
    assert.equal(purse.held[0]!.heard, 2)
  })

  test('at home costs nothing, and no purse is asked', async () => {
    const { on, purse } = stage({ box: home(serves) })
    await readAll(await on.ask(streamed))
    assert.deepEqual([purse.looks, purse.held.length], [0, 0])
  })

  test('is not charged for when the server never got it', async () => {
    const refused = (): never => {
      throw new NetFault('refused', 'refused', { unsent: true })
    }
    const { on, purse } = stage({ sky: cloud(refused) })
    await assert.rejects(on.ask(streamed), { kind: 'upstream-broke' })
    assert.deepEqual(purse.tries, ['sky: free'])
  })

  for (const [what, act] of Object.entries<Act>({
    'with a status': () => answer(['{"error":{"message":"busy"}}'], { status: 429 }),
    'with an error of its own': () => answer(['oops'], { status: 500 }),
    'that it does not like the request': () => answer(['{"error":{"message":"temperature"}}'], { status: 400 }),
    'in its first frame': () => answer(['data: {"error":{"message":"overloaded","code":503}}\n\n']),
  })) {
    test(`is not charged for when the server says so itself, ${what}`, async () => {
      const { on, purse } = stage({ sky: cloud(act) })
      await assert.rejects(on.ask(streamed, { patienceMs: 0 }))
      assert.deepEqual(purse.tries, ['sky: free'])
    })
  }

  test('that may have been run is charged for its prompt, and the retry at home goes on', async () => {
    const reset = (): never => {
      throw new NetFault('reset', 'reset')
    }
    // It is not ready at first, so that the cloud is asked before it.
    let ready = false
    const { on, purse } = stage({
      box: home((out) => (ready ? serves(out) : answer(['busy'], { status: 503 })), { concurrency: 1 }),
      sky: cloud(() => {
        ready = true
        return reset()
      }),
    })
    const reply = await on.ask(streamed)
    await readAll(reply)
    assert.equal(reply.upstream, 'box')
    assert.match(purse.tries.join(), /^sky: [1-9]\d*\+0 estimated$/)
  })

  test('that breaks in the middle comes to what was said until then', async () => {
    const breaks: Act = () => answer([frame({ content: 'Hel' }), frame({ content: 'lo' })], { end: 'reset' })
    const { on, purse } = stage({ sky: cloud(breaks) })
    const reply = await on.ask(streamed)
    await assert.rejects(readAll(reply))
    await settled(reply, on)
    assert.match(purse.tries[0]!, /^sky: \d+\+2 estimated$/)
  })

  test('whose caller leaves comes to what was said until then', async () => {
    const { on, purse } = stage({ sky: cloud((out) => silentAfter([frame({ content: 'Hel' })], out)) })
    const gone = new AbortController()
    const reply = await on.ask(streamed, { signal: gone.signal })
    gone.abort()
    await settled(reply, on)
    assert.match(purse.tries[0]!, /^sky: \d+\+1 estimated$/)
  })

  test('whose caller leaves before anything was said comes to its prompt', async () => {
    const { on, purse } = stage({ sky: cloud((out) => silentAfter([], out)) })
    const gone = new AbortController()
    const asked = on.ask(streamed, { signal: gone.signal })
    await new Promise((resolve) => void setImmediate(resolve))
    gone.abort()
    await assert.rejects(asked, { kind: 'cancelled' })
    assert.match(purse.tries[0]!, /^sky: [1-9]\d*\+0 estimated$/)
  })

  test('whose caller leaves when all was said comes to all of it, and counts as served', async () => {
    const { on, purse } = stage({ sky: cloud((out) => silentAfter([wholeStream.join('')], out)) })
    const gone = new AbortController()
    const reply = await on.ask(streamed, { signal: gone.signal })
    const chunks = reply.body[Symbol.asyncIterator]()
    await chunks.next()
    assert.equal(reply.progress!.isWhole, true)
    const told = reply.progress!.outcome
    gone.abort()
    assert.equal(await settled(reply, on), told)
    assert.deepEqual([told.fault, told.usage.outputTokens, purse.tries], [undefined, 2, ['sky: 7+2']])
  })

  test('in one piece comes to what the server counted, be it nothing', async () => {
    const counts = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
    const { on, purse } = stage({ sky: cloud(() => answer([wholeAnswer(counts)])) })
    await readAll(await on.ask(chat))
    assert.deepEqual(purse.tries, ['sky: 0+0'])
  })

  test('in one piece that nobody counted comes to about as many tokens as it is long', async () => {
    const { on, purse } = stage({ sky: cloud(() => answer([wholeAnswer()])) })
    await readAll(await on.ask(chat))
    assert.match(purse.tries[0]!, /^sky: \d+\+[2-9]\d estimated$/)
  })
})

suite('Where the money is not there', () => {
  test('an ask stays at home, and the decision says why', async () => {
    const speak = Promise.withResolvers<Inbound>()
    const { on, purse } = stage({
      box: home(() => (on.heard.get('box')!.length === 1 ? speak.promise : answer(wholeStream)), { concurrency: 1 }),
      sky: cloud(serves),
    })
    purse.closed.add('sky')
    const first = on.ask(streamed)
    const second = on.ask(streamed)
    await new Promise((resolve) => void setTimeout(resolve, 20))
    speak.resolve(answer(wholeStream))
    await readAll(await first)
    const reply = await second
    assert.equal(reply.upstream, 'box')
    assert.match(reply.decision, /^queued .*; budget spent: stays at home$/)
    await readAll(reply)
    assert.equal(on.heard.get('sky')!.length, 0)
  })

  test('and there is no home either, the caller hears what the purse says', async () => {
    const { on, purse } = stage({ sky: cloud(serves) })
    purse.closed.add('sky')
    await assert.rejects(on.ask(streamed), { kind: 'over-budget', status: 429, comeBackMs: 60_000 })
    assert.deepEqual([purse.held.length, on.heard.get('sky')!.length], [0, 0])
  })

  test('when it comes to paying, the place goes back, and another server is asked', async () => {
    const { on, purse } = stage({ sky: cloud(serves), moon: cloud(serves, { concurrency: 1 }) })
    purse.shortOf.add('sky')
    const reply = await on.ask(streamed)
    await readAll(reply)
    assert.deepEqual([reply.upstream, (await settled(reply, on)).attempts], ['moon', 1])
    assert.deepEqual([purse.tries, on.heard.get('sky')!.length], [['moon: 7+2'], 0])
  })

  test('when it comes to paying, and nobody else is left, the caller hears what the purse says', async () => {
    const { on, purse } = stage({ sky: cloud(serves) })
    purse.shortOf.add('sky')
    await assert.rejects(on.ask(streamed), { kind: 'over-budget', message: 'The budget for sky is spent.' })
    const [sky] = on.gateway.fleet.upstreams
    assert.deepEqual([sky!.inFlight, sky!.breaker.state(0)], [0, 'closed'])
  })

  test('because it cannot be taken down, nothing is sent', async () => {
    const { on, purse } = stage({ sky: cloud(serves) })
    purse.trouble = new Error('disk full')
    await assert.rejects(on.ask(streamed), { kind: 'ledger-closed', status: 503 })
    assert.equal(on.heard.get('sky')!.length, 0)
  })

  test('what home said when it failed is told, and with it that there was no money to go elsewhere', async () => {
    for (const refuses of ['over-budget', 'too-large', 'ledger-closed'] as const) {
      const { on, purse } = stage({ box: home(() => answer(['x'], { status: 500 })), sky: cloud(serves) })
      purse.closed.add('sky')
      purse.refuses = refuses
      const message = /^The server failed.* The budget for sky is spent\.$/
      await assert.rejects(on.ask(streamed), { kind: 'upstream-broke', status: 502, message })
    }
  })

  test('a caller who leaves while it is being paid for gets his money back, and so does the place', async () => {
    const { on, purse } = stage({ sky: cloud(serves) })
    const slow = Promise.withResolvers<void>()
    purse.slowness = slow.promise
    const gone = new AbortController()
    const asked = on.ask(streamed, { signal: gone.signal })
    await new Promise((resolve) => void setImmediate(resolve))
    gone.abort()
    await assert.rejects(asked, { kind: 'cancelled' })
    assert.equal(on.gateway.fleet.upstreams[0]!.inFlight, 0)
    slow.resolve()
    await new Promise((resolve) => void setImmediate(resolve))
    assert.deepEqual(purse.tries, ['sky: free'])
  })
})

suite('An answer is no longer than what is paid for', () => {
  test('where the caller did not say how long, the server is told', async () => {
    const { on, purse } = stage({ sky: cloud(serves) })
    purse.outputTokensMax = 64
    const reply = await on.ask(streamed)
    assert.equal(sentTo(on, 'sky')['max_tokens'], 64)
    assert.match(reply.decision, /; at most 64 tokens$/)
    await readAll(reply)
  })

  test('where the caller did not say, and the context holds less, the server is told that', async () => {
    const { on } = stage({ sky: cloud(serves, { contextTokens: 500 }) })
    const reply = await on.ask(streamed)
    const told = sentTo(on, 'sky')['max_tokens'] as number
    assert.ok(told > 300 && told < 436, `${told}`)
    await readAll(reply)
  })

  test('where the caller said more, that is cut, under every name a server may know it by', async () => {
    const { on, purse } = stage({ sky: cloud(serves) })
    purse.outputTokensMax = 64
    const reply = await on.ask({ ...streamed, max_tokens: 500, max_completion_tokens: 100, n_predict: 900 })
    const { max_tokens: older, max_completion_tokens: newer, n_predict: other } = sentTo(on, 'sky')
    assert.deepEqual([older, newer, other], [64, 64, undefined])
    assert.match(reply.decision, /; cut to 64 tokens$/)
    await readAll(reply)
  })

  test('where the caller said less, its bytes are its own', async () => {
    const { on } = stage({ sky: cloud(serves) })
    const body = { ...streamed, max_tokens: 5, stream_options: { include_usage: true } }
    const reply = await on.ask(body)
    assert.equal(Buffer.from(on.heard.get('sky')![0]!.body!).toString(), JSON.stringify(body))
    assert.equal(reply.decision.includes('tokens'), false)
    await readAll(reply)
  })

  test('OpenAI itself hears it by the only name that it takes', async () => {
    const { on, purse } = stage({ sky: cloud(serves, { kind: 'openai' }) })
    purse.outputTokensMax = 64
    await readAll(await on.ask({ ...streamed, max_tokens: 500 }))
    const { max_tokens: older, max_completion_tokens: newer } = sentTo(on, 'sky')
    assert.deepEqual([older, newer], [undefined, 64])
  })

  test('in translation, too, and thoughts are among it', async () => {
    const { on, purse } = stage({ sky: cloud(() => answer([], { status: 500 }), { kind: 'anthropic' }) })
    purse.outputTokensMax = 2_000
    await assert.rejects(on.ask({ ...streamed, reasoning_effort: 'high', max_tokens: 9_000 }))
    assert.deepEqual(
      [sentTo(on, 'sky')['max_tokens'], sentTo(on, 'sky')['thinking']],
      [2_000, { type: 'enabled', budget_tokens: 1_024 }],
    )
    purse.outputTokensMax = 100
    await assert.rejects(on.ask({ ...streamed, reasoning_effort: 'high', max_tokens: 9_000 }))
    assert.deepEqual([sentTo(on, 'sky')['max_tokens'], sentTo(on, 'sky')['thinking']], [100, { type: 'disabled' }])
  })

  test('a server that goes on all the same is cut off, and not for the budget of others', async () => {
    const chatter = Array.from({ length: 400 }, () => frame({ content: 'on and ' }))
    const { on, purse } = stage({ sky: cloud(() => answer([...chatter, done])) })
    purse.outputTokensMax = 50
    const reply = await on.ask(streamed)
    await assert.rejects(readAll(reply), { kind: 'upstream-broke' })
    const { usage } = purse.held[0]!.ended!
    assert.ok(usage!.outputTokens <= 2 * 50 + 65)
  })
})

suite('What a caller hears last', () => {
  test('is known to be the last before it hears it, with all that it came to', async () => {
    const { on, purse } = stage({ sky: cloud(serves) })
    const reply = await on.ask(streamed)
    const seen: string[] = []
    for await (const chunk of reply.body) {
      const { isWhole } = reply.progress!
      seen.push(`${textOf([chunk]).includes('[DONE]')} ${isWhole} ${purse.held[0]!.ended !== undefined}`)
      if (isWhole) assert.deepEqual(reply.progress!.outcome.usage, { promptTokens: 7, outputTokens: 2 })
    }
    assert.deepEqual([...new Set(seen)], ['false false false', 'true true true'])
  })

  test('what comes together is whole only with the last of it', async () => {
    const { on } = stage({ sky: cloud(() => answer([wholeStream[0]!, wholeStream.slice(1).join('')])) })
    const reply = await on.ask(streamed)
    const whole: boolean[] = []
    for await (const _ of reply.body) whole.push(reply.progress!.isWhole)
    assert.deepEqual(whole, [false, true])
  })

  test('is not handed on where it cannot be written, and nothing looks whole then', async () => {
    const events = [
      { type: 'message_start', message: { id: 'm1', role: 'assistant', content: [], usage: { input_tokens: 5 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Well' } },
      { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 't1', name: 'look' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"at": ' } },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } },
      { type: 'message_stop' },
    ]
    const frames = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    for (const pieces of [frames, [frames.slice(0, 3).join(''), frames.slice(3).join('')]]) {
      const { on, purse } = stage({ sky: cloud(() => answer(pieces), { kind: 'anthropic' }) })
      const reply = await on.ask(streamed, { dialect: 'ollama-chat' })
      await assert.rejects(readAll(reply), { message: /inside the arguments/ })
      assert.notEqual((await reply.outcome).fault, undefined)
      assert.deepEqual(purse.tries, ['sky: 5+9'])
    }
  })

  test('a connection that breaks behind it takes nothing away from it', async () => {
    const { on, purse } = stage({ sky: cloud(() => answer(wholeStream, { end: 'reset' })) })
    const reply = await on.ask(streamed)
    await readAll(reply)
    assert.equal((await settled(reply, on)).fault, undefined)
    assert.deepEqual(purse.tries, ['sky: 7+2'])
  })

  test('the outcome says how long it took a machine at home, and that it spilled', async () => {
    const { on } = stage({
      box: home(serves),
      sky: cloud(() => answer([...wholeStream.slice(0, 4), usageFrame(7, 2), done])),
    })
    const reply = await on.ask(streamed)
    await readAll(reply)
    const { gpuMs, spilled } = await settled(reply, on)
    assert.ok(gpuMs! > 0)
    assert.equal(spilled, false)
  })
})

suite('A server that counts on the way', () => {
  const event = (type: string, more: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
  const started = event('message_start', {
    message: {
      id: 'm1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [],
      usage: { input_tokens: 5, cache_read_input_tokens: 90_000, output_tokens: 1 },
    },
  })
  const words = [
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hel' } }),
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'lo' } }),
  ]
  const question = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 100, stream: true }

  for (const dialect of ['anthropic-messages', 'openai-chat']) {
    test(`is believed of its prompt when its stream is left, be it in ${dialect}`, async () => {
      const { on, purse } = stage({ sky: cloud((out) => silentAfter([started, ...words], out), { kind: 'anthropic' }) })
      const gone = new AbortController()
      const reply = await on.ask(question, { dialect, signal: gone.signal })
      const chunks = reply.body[Symbol.asyncIterator]()
      for (let frames = 0; frames < 2; frames += 1) await chunks.next()
      gone.abort()
      await settled(reply, on)
      const { usage } = purse.held[0]!.ended!
      assert.deepEqual([usage!.promptTokens, usage!.cachedTokens, usage!.estimated], [90_005, 90_000, true])
      assert.ok(usage!.outputTokens >= 1 && usage!.outputTokens <= 2)
    })
  }

  test('and has said no word when it gives up is not paid', async () => {
    const overloaded = event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } })
    const { on, purse } = stage({ sky: cloud(() => answer([started, overloaded]), { kind: 'anthropic' }) })
    await assert.rejects(on.ask(question, { dialect: 'anthropic-messages', patienceMs: 0 }))
    assert.deepEqual([...new Set(purse.tries)], ['sky: free'])
  })
})
