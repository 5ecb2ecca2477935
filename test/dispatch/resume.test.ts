import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Settings } from '../../src/core/settings.ts'
import { NetFault } from '../../src/core/world.ts'
import {
  type Act,
  answer,
  done,
  frame,
  readAll,
  type Rig,
  rig,
  settled,
  silentAfter,
  textOf,
  usageFrame,
} from './scripted.ts'

const messages = [{ role: 'user', content: 'Count.' }]
const chat = { model: 'm', messages, stream: true }
const allowed: Partial<Settings> = { models: new Map([['m', { resume: true }]]) }

const first = [frame({ role: 'assistant', content: null }), frame({ content: 'one ' }), frame({ content: 'two ' })]

/** The same from another server, which has names and dates of its own. */
const rest = [
  frame({ role: 'assistant', content: null }),
  frame({ content: 'three ' }),
  frame({ content: 'four' }),
  frame({}, 'stop'),
  usageFrame(12, 3),
  done,
].map((text) => text.replaceAll('"c1"', '"c2"').replaceAll('"created":1', '"created":9'))

const breaks: Act = () => answer(first, { end: 'reset' })
const goesOn: Act = () => answer(rest)

const two = (one: Act, other: Act, more: Partial<Settings> = allowed): Rig =>
  rig({ one: { kind: 'llamacpp', act: one }, two: { kind: 'llamacpp', act: other, concurrency: 1 } }, more)

const sentTo = (on: Rig, name: string, at = 0): Record<string, unknown> =>
  JSON.parse(Buffer.from(on.heard.get(name)![at]!.body!).toString()) as Record<string, unknown>

const resumed = ({ events }: Rig): string[] =>
  events.flatMap((event) => (event.type === 'resumed' ? [`${event.outcome} ${event.from} ${event.upstream}`] : []))

/** What came before it broke for good. */
async function brokenText(on: Rig, body: Record<string, unknown> = chat, dialect = 'openai-chat'): Promise<string> {
  const reply = await on.ask(body, { dialect })
  const heard: Uint8Array[] = []
  await assert.rejects(async () => {
    for await (const chunk of reply.body) heard.push(chunk)
  })
  assert.notEqual((await settled(reply, on)).fault, undefined)
  return textOf(heard)
}

suite('A stream that breaks half way, where its model may be resumed', () => {
  test('is carried on by another server as one answer: one name, one role, one count and one end', async () => {
    const on = two(breaks, goesOn)
    const reply = await on.ask({ ...chat, stream_options: { include_usage: true } })
    const text = textOf(await readAll(reply))
    const frames = text.split('\n\n').filter((one) => one !== '')
    assert.equal(frames.pop(), 'data: [DONE]')
    const chunks = frames.map((one) => JSON.parse(one.slice(6)) as Chunk)
    assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), 'one two three four')
    assert.deepEqual([...new Set(chunks.map(({ id, created }) => `${id} ${created}`))], ['c1 1'])
    assert.equal(chunks.filter(({ choices }) => choices[0]?.delta.role !== undefined).length, 1)
    assert.deepEqual(
      chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? []),
      ['stop'],
    )
    // Of the prompt of 12, two tokens were the caller's already.
    assert.deepEqual(
      chunks.flatMap(({ usage }) => (usage ? [[usage.prompt_tokens, usage.completion_tokens]] : [])),
      [[10, 5]],
    )
    const { usage, attempts, resumes, upstream, fault } = await settled(reply, on)
    assert.deepEqual([usage.promptTokens, usage.outputTokens, usage.estimated], [10, 5, true])
    assert.deepEqual([attempts, resumes, upstream, fault], [2, 1, 'two', undefined])
    assert.deepEqual(resumed(on), ['carried-on one two'])
  })

  test('the other server is given what was heard so far, what is left of the limit, and all else as the caller said it', async () => {
    const on = two(breaks, goesOn)
    const body = { ...chat, max_tokens: 20, samplers: ['top_k'] }
    await readAll(await on.ask(body))
    const sent = sentTo(on, 'two')
    assert.deepEqual(sent['messages'], [...messages, { role: 'assistant', content: 'one two ' }])
    assert.deepEqual([sent['max_tokens'], sent['samplers'], sent['stream']], [18, ['top_k'], true])
    assert.deepEqual(sent['chat_template_kwargs'], { enable_thinking: false })
  })

  test('a frame that was torn is thrown away, for the caller never had any of it', async () => {
    const on = two(() => answer([...first, 'data: {"choices":[{"delta":{"content":"thr'], { end: 'reset' }), goesOn)
    const text = textOf(await readAll(await on.ask(chat)))
    assert.deepEqual(text.match(/(one|two|thr\w*|four)/g), ['one', 'two', 'three', 'four'])
  })

  for (const [how, one] of Object.entries<Act>({
    'by an error in band': () => answer([...first, 'data: {"error":{"message":"boom","code":500}}\n\n']),
    'by an end without a word': () => answer(first),
  })) {
    test(`${how}, is carried on as well`, async () => {
      const on = two(one, goesOn)
      assert.match(textOf(await readAll(await on.ask(chat))), /three [^]*four[^]*\[DONE\]/)
    })
  }

  test('by silence, is carried on when the gap has grown too long', async () => {
    const timeouts = { connectMs: 1_000, firstTokenMs: 60_000, gapMs: 100 }
    const on = two((out) => silentAfter(first, out), goesOn, { ...allowed, timeouts })
    assert.match(textOf(await readAll(await on.ask(chat))), /three [^]*four[^]*\[DONE\]/)
  })

  test('by taking longer than any answer may, stays broken', async () => {
    const timeouts = { connectMs: 1_000, firstTokenMs: 60_000, gapMs: 60_000, totalMs: 100 }
    const on = two((out) => silentAfter(first, out), goesOn, { ...allowed, timeouts })
    await brokenText(on)
    assert.deepEqual(resumed(on), ['unfit one undefined'])
  })

  test('by never ending, stays broken', async () => {
    const contextTokens = 10
    const words = Array.from({ length: 100 }, (_, at) => frame({ content: `${at} ` }))
    const on = rig(
      {
        one: { kind: 'llamacpp', act: () => answer([first[0]!, ...words]), contextTokens },
        two: { kind: 'llamacpp', act: goesOn, contextTokens },
      },
      allowed,
    )
    await brokenText(on)
    assert.deepEqual(resumed(on), ['unfit one undefined'])
  })

  test('what the caller had begun itself is gone on with in one message, for servers take no two', async () => {
    const on = two(breaks, goesOn)
    await readAll(await on.ask({ ...chat, messages: [...messages, { role: 'assistant', content: 'zero ' }] }))
    const [, ...last] = sentTo(on, 'two')['messages'] as object[]
    assert.deepEqual(last, [{ role: 'assistant', content: 'zero one two ' }])
  })

  test('that breaks again is carried on again, and the third time it is broken', async () => {
    let asked = 0
    const again: Act = () => {
      asked += 1
      return answer([frame({ content: `part${asked} ` })], { end: 'reset' })
    }
    const on = two(again, again)
    assert.deepEqual((await brokenText(on)).match(/part\d/g), ['part1', 'part2', 'part3'])
    assert.equal(asked, 3)
  })

  test('that broke before its first word is asked for anew', async () => {
    const on = two(() => answer(first.slice(0, 1), { end: 'reset' }), goesOn)
    const text = textOf(await readAll(await on.ask(chat)))
    assert.deepEqual(text.match(/"role"/g), ['"role"'])
    assert.deepEqual(sentTo(on, 'two')['messages'], messages)
  })

  test('of which all was said but the end is ended, and nobody is asked', async () => {
    const on = two(() => answer([...first, frame({}, 'stop')], { end: 'reset' }), goesOn)
    const reply = await on.ask(chat)
    assert.match(textOf(await readAll(reply)), /"finish_reason":"stop"[^]*\[DONE\]\n\n$/)
    assert.equal((await settled(reply, on)).fault, undefined)
    assert.equal(on.heard.get('two')!.length, 0)
  })

  test('that has no tokens left of its limit ends for that reason, and nobody is asked', async () => {
    const on = two(breaks, goesOn)
    const reply = await on.ask({ ...chat, max_tokens: 2, stream_options: { include_usage: true } })
    const text = textOf(await readAll(reply))
    assert.match(text, /"finish_reason":"length"[^]*"completion_tokens":2[^]*\[DONE\]\n\n$/)
    assert.equal((await settled(reply, on)).usage.outputTokens, 2)
    assert.deepEqual(resumed(on), ['finished one undefined'])
  })

  test('goes to a third server when the second one refuses, and the caller sees nothing of it', async () => {
    const refuses: Act = () => {
      throw new NetFault('refused', 'refused', { unsent: true })
    }
    const on = rig(
      {
        one: { kind: 'llamacpp', act: breaks },
        two: { kind: 'llamacpp', act: refuses },
        three: { kind: 'llamacpp', act: goesOn, concurrency: 1 },
      },
      allowed,
    )
    const reply = await on.ask(chat)
    assert.match(textOf(await readAll(reply)), /three [^]*four[^]*\[DONE\]/)
    assert.equal((await settled(reply, on)).upstream, 'three')
  })

  test('is carried on by the server that broke, once it is back, where there is no other', async () => {
    let asked = 0
    const restarts: Act = (out) => {
      asked += 1
      if (asked === 2) throw new NetFault('refused', 'refused', { unsent: true })
      return asked === 1 ? breaks(out) : goesOn(out)
    }
    const on = rig({ one: { kind: 'llamacpp', act: restarts } }, allowed)
    assert.match(textOf(await readAll(await on.ask(chat))), /two [^]*three [^]*four[^]*\[DONE\]/)
  })

  test('whose caller leaves while the next server is asked is let go everywhere', async () => {
    let hungUp = false
    const on = two(breaks, (out) => silentAfter([], out, () => (hungUp = true)))
    const leaving = new AbortController()
    const reply = await on.ask(chat, { signal: leaving.signal })
    const reading = assert.rejects(readAll(reply), { kind: 'cancelled' })
    while (on.heard.get('two')!.length === 0) await new Promise((resolve) => void setImmediate(resolve))
    leaving.abort()
    await reading
    assert.equal((await settled(reply, on)).fault?.kind, 'cancelled')
    assert.equal(hungUp, true)
    assert.deepEqual(resumed(on), ['left one undefined'])
  })
})

interface Chunk {
  readonly id: string
  readonly created: number
  readonly choices: readonly {
    readonly delta: { readonly content?: string | null; readonly role?: string }
    readonly finish_reason: string | null
  }[]
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null
}

suite('A stream that breaks stays broken', () => {
  test('where nothing in the configuration says that its model may be resumed', async () => {
    for (const models of [undefined, new Map([['m', { resume: false }]]), new Map([['other*', { resume: true }]])]) {
      const on = two(breaks, goesOn, { models })
      await brokenText(on)
      assert.equal(on.heard.get('two')!.length, 0)
      assert.deepEqual(resumed(on), [])
    }
  })

  const call = { index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{"a' } }
  const unfit: Readonly<Record<string, { body?: object; frames?: string[] }>> = {
    'when a call of a tool has begun': { frames: [...first, frame({ tool_calls: [call] })] },
    'when it thinks': { frames: [frame({ reasoning_content: 'hm' })] },
    'when it has thought': { frames: [frame({ reasoning_content: 'hm' }), frame({ content: 'one ' })] },
    'when JSON was asked for': { body: { response_format: { type: 'json_object' } } },
    'when a grammar holds it': { body: { grammar: 'root ::= "x"' } },
    'when a tool must be called': {
      body: { tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: 'required' },
    },
    'when probabilities were asked for': { body: { logprobs: true } },
    'when several answers were asked for': { body: { n: 2 } },
  }
  for (const [when, { body, frames = first }] of Object.entries(unfit)) {
    test(`${when}, and nobody is asked to go on`, async () => {
      const on = two(() => answer(frames, { end: 'reset' }), goesOn)
      await brokenText(on, { ...chat, ...body })
      assert.equal(on.heard.get('two')!.length, 0)
    })
  }

  const others: Readonly<Record<string, Parameters<typeof rig>[0][string]>> = {
    'is of a kind that is not known to go on': { kind: 'openai-compatible', act: goesOn },
    'replies to a conversation instead of going on': { kind: 'ollama', act: goesOn },
    'has another model under the same name': { kind: 'llamacpp', act: goesOn, serve: new Map([['m', 'm-mini']]) },
    'costs money, and the model is to stay at home': { kind: 'llamacpp', act: goesOn, tier: 1 },
  }
  for (const [what, other] of Object.entries(others)) {
    test(`where the only other server ${what}`, async () => {
      const on = rig(
        { one: { kind: 'openai-compatible', act: breaks }, two: other },
        { models: new Map([['m', { resume: true, cloud: 'never' }]]) },
      )
      await brokenText(on)
      assert.equal(on.heard.get('two')!.length, 0)
    })
  }

  test('when the server has ended it with a word about the request', async () => {
    const overflow =
      'data: {"error":{"message":"the context is full","type":"exceed_context_size_error","code":400}}\n\n'
    const on = two(() => answer([...first, overflow]), goesOn)
    await brokenText(on)
    assert.equal(on.heard.get('two')!.length, 0)
  })

  test('when its deadline has passed', async () => {
    const on = two(breaks, goesOn, { ...allowed, queue: { max: 10, patienceMs: 5_000, deadlineMs: 30 } })
    const reply = await on.ask(chat)
    await new Promise((resolve) => void setTimeout(resolve, 40))
    await assert.rejects(readAll(reply))
    assert.equal(on.heard.get('two')!.length, 0)
  })
})

suite('A stream is carried on in the dialect of its caller', () => {
  const lines = (text: string, key: string): string =>
    Array.from(text.matchAll(new RegExp(`"${key}":"([^"]*)"`, 'g')), ([, said]) => said).join('')

  test('of Anthropic: one message, one block, one end', async () => {
    const on = two(breaks, goesOn)
    const reply = await on.ask(
      { model: 'm', messages, max_tokens: 50, stream: true },
      { dialect: 'anthropic-messages' },
    )
    const text = textOf(await readAll(reply))
    assert.equal(lines(text, 'text'), 'one two three four')
    const events = Array.from(text.matchAll(/^event: (\w+)$/gm), ([, name]) => name)
    assert.deepEqual(
      events.filter((name) => name !== 'content_block_delta'),
      ['message_start', 'content_block_start', 'content_block_stop', 'message_delta', 'message_stop'],
    )
    assert.match(text, /"input_tokens":10[^\n]*"output_tokens":5/)
    assert.equal(sentTo(on, 'two')['max_tokens'], 48)
  })

  for (const [dialect, body, key] of [
    ['ollama-chat', { model: 'm', messages }, 'content'],
    ['ollama-generate', { model: 'm', prompt: 'Count.' }, 'response'],
  ] as const) {
    test(`of ${dialect}: every piece once, and one last object with the counts of the whole`, async () => {
      const on = two(breaks, goesOn)
      const text = textOf(await readAll(await on.ask(body, { dialect })))
      assert.equal(lines(text, key), 'one two three four')
      assert.deepEqual(text.match(/"done":true/g), ['"done":true'])
      assert.match(text, /"prompt_eval_count":10,[^\n]*"eval_count":5,/)
      assert.deepEqual((sentTo(on, 'two')['messages'] as object[]).at(-1), { role: 'assistant', content: 'one two ' })
    })
  }

  const chunk = (text: string, finish: string | null = null): string =>
    `data: {"id":"t1","object":"text_completion","created":1,"model":"m","choices":[{"text":"${text}","index":0,"finish_reason":${JSON.stringify(finish)}}]}\n\n`

  test('of plain texts: the prompt grows by what was said', async () => {
    const on = two(
      () => answer([chunk('one '), chunk('two ')], { end: 'reset' }),
      () => answer([chunk('three'), chunk('', 'stop'), done]),
    )
    const body = { model: 'm', prompt: 'zero ', max_tokens: 9, stream: true }
    const text = textOf(await readAll(await on.ask(body, { dialect: 'openai-completions' })))
    assert.equal(lines(text, 'text'), 'one two three')
    const sent = sentTo(on, 'two')
    assert.deepEqual([sent['prompt'], sent['max_tokens']], ['zero one two ', 7])
  })

  test('of plain texts, but not when the prompt was to be repeated', async () => {
    const on = two(() => answer([chunk('zero one ')], { end: 'reset' }), goesOn)
    await brokenText(on, { model: 'm', prompt: 'zero ', echo: true, stream: true }, 'openai-completions')
    assert.equal(on.heard.get('two')!.length, 0)
  })
})
