import assert from 'node:assert/strict'
import { eventsIn, fields, type Heard, list, type Listener, nothing, parsed, someText, text } from './listener.ts'
import { hearBreak, hearRefusal, hearUsage, statuses, word } from './openai.ts'

export const openAiCompletions: Listener = {
  path: '/v1/completions',
  reasons: { stop: 'stop', length: 'length', 'tool-calls': 'stop', 'content-filter': 'content_filter' },
  ask: ({ model, stream, usage }) => ({
    model,
    stream,
    prompt: 'Say',
    ...(stream && usage !== false && { stream_options: { include_usage: true } }),
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
  assert.equal(object, 'text_completion')
  assert.ok(someText(id, 'id') !== '' && Number.isInteger(created))
  assert.equal(list(choices, 'choices').length, 1)
  const choice = fields((choices as unknown[])[0], 'choice')
  assert.equal(choice['index'], 0)
  return {
    ...nothing,
    text: text(choice['text'], 'text'),
    reason: someText(choice['finish_reason'], 'finish_reason'),
    usage: usage === undefined ? undefined : hearUsage(usage),
    model: someText(model, 'model'),
    isWhole: true,
  }
}

function hearStream(stream: string): Heard {
  const heard = { ...nothing, text: '' }
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
    // The same name as for an answer in one piece.
    assert.equal(chunk['object'], 'text_completion')
    heard.model = someText(chunk['model'], 'model')
    const choices = list(chunk['choices'], 'choices')
    if (choices.length === 0) {
      assert.equal(heard.usage, undefined, 'tokens are counted once')
      heard.usage = hearUsage(chunk['usage'])
      continue
    }
    assert.equal(heard.reason, undefined, 'nothing is said behind the reason')
    const choice = fields(choices[0], 'choice')
    assert.equal(choice['index'], 0)
    heard.text += text(choice['text'], 'text')
    const reason = choice['finish_reason']
    assert.ok(reason === null || typeof reason === 'string')
    if (reason !== null) heard.reason = reason
  }
  return heard
}
