import assert from 'node:assert/strict'
import {
  count,
  type Counts,
  eventsIn,
  fields,
  type Fields,
  type Heard,
  list,
  type Listener,
  nothing,
  parsed,
  someText,
  text,
  type Told,
} from './listener.ts'
import { tools } from './openai.ts'

export const anthropicMessages: Listener = {
  path: '/v1/messages',
  reasons: { stop: 'end_turn', length: 'max_tokens', 'tool-calls': 'tool_use', 'content-filter': 'refusal' },
  ask: ({ model, stream, tools: withTools, thinking }) => ({
    model,
    stream,
    max_tokens: thinking === true ? 2_048 : 100,
    messages: [{ role: 'user', content: 'Say something.' }],
    ...(thinking === true && { thinking: { type: 'enabled', budget_tokens: 1_024 } }),
    ...(withTools && {
      tools: tools.map(({ name, description, parameters }) => ({ name, description, input_schema: parameters })),
    }),
  }),
  hearWhole,
  hearStream,
  hearBreak,
  hearRefusal,
  // Its own word for a crowd is 529.
  statuses: (status) => (status === 503 ? [503, 529] : [status]),
  word: ({ status }) => types[status],
}

/** Its clients know an error by its type, and choose their classes by the status. */
const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  404: 'not_found_error',
  501: 'api_error',
  502: 'api_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

function hearRefusal(body: unknown): Told {
  const { type, error } = fields(body, 'an error')
  assert.equal(type, 'error', 'the envelope says that it holds an error')
  const { type: word, message } = fields(error, 'error')
  return { message: someText(message, 'message'), word: someText(word, 'type') }
}

function hearBreak(frames: string): Told {
  const [{ event, data } = { event: '', data: '{}' }, ...more] = eventsIn(frames)
  assert.deepEqual([event, more], ['error', []], 'an error is called one, and is the last event')
  return hearRefusal(parsed(data))
}

/** What was found in a cache, or written to one, is not among the input tokens. */
function hearUsage(usage: Fields): Counts {
  const cached = usage['cache_read_input_tokens']
  const written = usage['cache_creation_input_tokens']
  const input = count(usage['input_tokens'], 'input_tokens')
  return {
    prompt: input + count(cached ?? 0, 'cache_read') + count(written ?? 0, 'cache_creation'),
    output: count(usage['output_tokens'], 'output_tokens'),
    cached: cached === undefined || cached === null ? undefined : (cached as number),
  }
}

function hearMessage(value: unknown): Fields {
  const message = fields(value, 'message')
  const { id, type, role, model, content } = message
  assert.deepEqual([type, role], ['message', 'assistant'])
  assert.ok(someText(id, 'id') !== '' && someText(model, 'model') !== '')
  list(content, 'content')
  assert.ok('stop_reason' in message && 'stop_sequence' in message, 'stop_reason and stop_sequence are never left out')
  return message
}

function hearWhole(answer: unknown): Heard {
  const message = hearMessage(answer)
  const blocks = (message['content'] as unknown[]).map((block) => fields(block, 'block'))
  const of = (type: string): Fields[] => blocks.filter((block) => block['type'] === type)
  assert.equal(of('text').length + of('thinking').length + of('tool_use').length, blocks.length)
  return {
    ...nothing,
    text: of('text')
      .map((block) => someText(block['text'], 'text'))
      .join(''),
    thinking: of('thinking')
      .map((block) => {
        text(block['signature'], 'signature')
        return text(block['thinking'], 'thinking')
      })
      .join(''),
    calls: of('tool_use').map((block) => [someText(block['name'], 'name'), fields(block['input'], 'input')] as const),
    ids: of('tool_use').map((block) => idOf(block)),
    reason: someText(message['stop_reason'], 'stop_reason'),
    usage: hearUsage(fields(message['usage'], 'usage')),
    model: message['model'] as string,
    isWhole: true,
  }
}

function idOf(block: Fields): string {
  assert.match(text(block['id'], 'id of a call'), /^[a-zA-Z0-9_-]+$/)
  return block['id'] as string
}

/** A block that is open: the clients put it together piece by piece. */
interface Block {
  readonly type: string
  readonly name: string
  said: string
}

const deltas: Readonly<Record<string, readonly string[]>> = {
  text: ['text_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  tool_use: ['input_json_delta'],
}

function hearStream(stream: string): Heard {
  const heard = { ...nothing, text: '', thinking: '' }
  const calls: (readonly [string, unknown])[] = []
  const ids: string[] = []
  let usage: Fields = {}
  let blocks = 0
  let open: Block | undefined
  let hasStarted = false
  for (const { event, data } of eventsIn(stream)) {
    const said = fields(parsed(data), 'an event')
    assert.equal(said['type'], event, 'the event is called what it is')
    assert.ok(!heard.isWhole && heard.fault === undefined, 'nothing comes behind the end')
    switch (event) {
      case 'ping':
        break
      case 'message_start': {
        assert.ok(!hasStarted, 'it starts once')
        hasStarted = true
        const message = hearMessage(said['message'])
        assert.deepEqual([message['content'], message['stop_reason']], [[], null])
        heard.model = message['model'] as string
        usage = fields(message['usage'], 'usage')
        hearUsage(usage)
        break
      }
      case 'content_block_start': {
        assert.ok(hasStarted && open === undefined && heard.reason === undefined, 'one block is open at a time')
        assert.equal(said['index'], blocks)
        const block = fields(said['content_block'], 'content_block')
        const type = text(block['type'], 'type')
        if (type === 'tool_use') {
          assert.deepEqual(block['input'], {})
          ids.push(idOf(block))
          open = { type, name: someText(block['name'], 'name'), said: '' }
        } else {
          assert.equal(block[type], '', 'a block begins empty')
          open = { type, name: '', said: '' }
        }
        break
      }
      case 'content_block_delta': {
        assert.equal(said['index'], blocks, 'a piece belongs to the open block')
        const delta = fields(said['delta'], 'delta')
        const type = text(delta['type'], 'type')
        assert.ok(deltas[open!.type]!.includes(type), `${type} in a block of ${open!.type}`)
        if (type === 'text_delta') heard.text += text(delta['text'], 'text')
        else if (type === 'thinking_delta') heard.thinking += text(delta['thinking'], 'thinking')
        else if (type === 'input_json_delta') open!.said += text(delta['partial_json'], 'partial_json')
        break
      }
      case 'content_block_stop':
        assert.equal(said['index'], blocks, 'the open block ends')
        assert.notEqual(open, undefined, 'a block that was opened ends')
        // The empty text stands for no arguments.
        if (open!.type === 'tool_use') calls.push([open!.name, fields(parsed(open!.said || '{}'), 'input')])
        open = undefined
        blocks += 1
        break
      case 'message_delta': {
        assert.equal(open, undefined, 'all blocks have ended')
        const delta = fields(said['delta'], 'delta')
        assert.ok('stop_sequence' in delta)
        heard.reason = someText(delta['stop_reason'], 'stop_reason')
        usage = { ...usage, ...fields(said['usage'], 'usage') }
        heard.usage = hearUsage(usage)
        break
      }
      case 'message_stop':
        assert.notEqual(heard.reason, undefined, 'it ends for a reason')
        heard.isWhole = true
        break
      case 'error':
        heard.fault = hearRefusal(said)
        break
      default:
        assert.fail(`no client knows the event ${event}`)
    }
  }
  return { ...heard, calls, ids }
}
