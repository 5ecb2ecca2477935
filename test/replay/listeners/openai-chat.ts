import assert from 'node:assert/strict'
import { eventsIn, fields, type Heard, list, type Listener, nothing, parsed, someText, text } from './listener.ts'
import { hearBreak, hearRefusal, hearUsage, statuses, tools, word } from './openai.ts'

export const openAiChat: Listener = {
  path: '/v1/chat/completions',
  reasons: { stop: 'stop', length: 'length', 'tool-calls': 'tool_calls', 'content-filter': 'content_filter' },
  ask: ({ model, stream, tools: withTools, usage }) => ({
    model,
    stream,
    messages: [{ role: 'user', content: 'Say something.' }],
    ...(stream && usage !== false && { stream_options: { include_usage: true } }),
    ...(withTools && { tools: tools.map((tool) => ({ type: 'function', function: tool })) }),
  }),
  hearWhole,
  hearStream,
  hearBreak,
  hearRefusal,
  statuses,
  word,
}

function hearWhole(answer: unknown): Heard {
  const { id, object, created, model, choices, usage } = fields(answer, 'the answer')
  assert.equal(object, 'chat.completion')
  someText(id, 'id')
  assert.ok(Number.isInteger(created))
  assert.equal(list(choices, 'choices').length, 1)
  const choice = fields((choices as unknown[])[0], 'choice')
  assert.equal(choice['index'], 0)
  const message = fields(choice['message'], 'message')
  assert.equal(message['role'], 'assistant')
  const calls = message['tool_calls'] === undefined ? [] : list(message['tool_calls'], 'tool_calls')
  if (calls.length === 0) text(message['content'], 'content')
  const heard = calls.map((call) => fields(call, 'call'))
  return {
    ...nothing,
    text: message['content'] === null ? '' : text(message['content'], 'content'),
    thinking: message['reasoning_content'] === undefined ? '' : text(message['reasoning_content'], 'reasoning'),
    calls: heard.map((call) => {
      assert.equal(call['type'], 'function')
      const { name, arguments: args } = fields(call['function'], 'function')
      return [someText(name, 'name'), parsed(text(args, 'arguments'))] as const
    }),
    ids: heard.map((call) => someText(call['id'], 'id of a call')),
    reason: someText(choice['finish_reason'], 'finish_reason'),
    usage: usage === undefined ? undefined : hearUsage(usage),
    model: someText(model, 'model'),
    isWhole: true,
  }
}

function hearStream(stream: string): Heard {
  const heard = { ...nothing, text: '', thinking: '' }
  const calls: { id: string; name: string; args: string }[] = []
  let first: unknown
  let hasRole = false
  for (const { event, data } of eventsIn(stream)) {
    assert.equal(event, undefined, 'events have no names')
    assert.ok(!heard.isWhole, 'nothing comes behind [DONE]')
    assert.equal(heard.fault, undefined, 'nothing comes behind an error')
    if (data === '[DONE]') {
      assert.notEqual(heard.reason, undefined, 'it ends for a reason')
      heard.isWhole = true
      continue
    }
    const chunk = fields(parsed(data), 'a chunk')
    if ('error' in chunk) {
      heard.fault = hearRefusal(chunk)
      continue
    }
    const { id, object, created, model } = chunk
    assert.equal(object, 'chat.completion.chunk')
    assert.ok(someText(id, 'id') !== '' && Number.isInteger(created))
    first ??= [id, created, model]
    assert.deepEqual([id, created, model], first, 'id, date and model stay the same')
    heard.model = someText(model, 'model')
    const choices = list(chunk['choices'], 'choices')
    if (choices.length === 0) {
      assert.equal(heard.usage, undefined, 'tokens are counted once')
      assert.notEqual(heard.reason, undefined, 'the counts come behind the reason')
      heard.usage = hearUsage(chunk['usage'])
      continue
    }
    assert.equal(heard.reason, undefined, 'nothing is said behind the reason')
    const choice = fields(choices[0], 'choice')
    assert.equal(choice['index'], 0)
    const delta = fields(choice['delta'], 'delta')
    assert.equal(delta['role'], hasRole ? undefined : 'assistant', 'the role comes first, and once')
    hasRole = true
    if (delta['content'] !== undefined) heard.text += text(delta['content'], 'content')
    if (delta['reasoning_content'] !== undefined) heard.thinking += text(delta['reasoning_content'], 'reasoning')
    for (const piece of delta['tool_calls'] === undefined ? [] : list(delta['tool_calls'], 'tool_calls')) {
      const { index, id: callId, type, function: fn } = fields(piece, 'a piece of a call')
      const { name, arguments: args } = fields(fn, 'function')
      const call = calls[index as number]
      if (call === undefined) {
        assert.equal(index, calls.length, 'calls are numbered without gaps')
        assert.equal(type, 'function')
        calls.push({ id: someText(callId, 'id'), name: someText(name, 'name'), args: text(args, 'arguments') })
      } else {
        assert.deepEqual([callId, name], [undefined, undefined], 'id and name come once')
        call.args += text(args, 'arguments')
      }
    }
    const reason = choice['finish_reason']
    assert.ok(reason === null || typeof reason === 'string')
    if (reason !== null) heard.reason = reason
  }
  const isBroken = heard.fault !== undefined
  return {
    ...heard,
    // The last call of a stream that broke may be torn.
    calls: calls.flatMap(({ name, args }) => (isBroken ? [] : [[name, parsed(args)] as const])),
    ids: calls.map(({ id }) => id),
  }
}
