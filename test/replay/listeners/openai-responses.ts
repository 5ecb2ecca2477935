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
  type ServerSent,
  type Told,
} from './listener.ts'
import { hearRefusal, statuses, tools, word } from './openai.ts'

export const openAiResponses: Listener = {
  path: '/v1/responses',
  reasons: {
    stop: 'completed',
    length: 'incomplete: max_output_tokens',
    'tool-calls': 'completed',
    'content-filter': 'incomplete: content_filter',
  },
  ask: ({ model, stream, tools: withTools }) => ({
    model,
    stream,
    input: 'Say something.',
    ...(withTools && { tools: tools.map((tool) => ({ type: 'function', ...tool })) }),
  }),
  hearWhole: (answer) => ({ ...hearResponse(answer), isWhole: true }),
  hearStream,
  hearBreak,
  hearRefusal,
  statuses,
  word,
}

function hearUsage(value: unknown): Counts {
  const usage = fields(value, 'usage')
  const [prompt, output] = [count(usage['input_tokens'], 'input'), count(usage['output_tokens'], 'output')]
  assert.equal(usage['total_tokens'], prompt + output)
  // Clients add these up without asking whether they are there.
  const { cached_tokens: cached } = fields(usage['input_tokens_details'], 'input_tokens_details')
  count(fields(usage['output_tokens_details'], 'output_tokens_details')['reasoning_tokens'], 'reasoning_tokens')
  return { prompt, output, cached: count(cached, 'cached') }
}

function hearItem(value: unknown): Pick<Heard, 'text' | 'thinking' | 'calls' | 'ids'> {
  const none = { text: '', thinking: '', calls: [], ids: [] }
  const item = fields(value, 'item')
  someText(item['id'], 'id of an item')
  switch (item['type']) {
    case 'message': {
      assert.equal(item['role'], 'assistant')
      const content = list(item['content'], 'content').map((part) => fields(part, 'part'))
      return { ...none, text: content.map(hearPart).join('') }
    }
    case 'reasoning': {
      const summary = list(item['summary'], 'summary').map((part) => fields(part, 'part'))
      const content = list(item['content'] ?? [], 'content').map((part) => fields(part, 'part'))
      const said = content.length > 0 ? content : summary
      return { ...none, thinking: said.map((part) => text(part['text'], 'text')).join('') }
    }
    case 'function_call': {
      const { call_id: id, name, arguments: args } = item
      const call = [someText(name, 'name'), parsed(text(args, 'arguments'))] as const
      return { ...none, calls: [call], ids: [someText(id, 'call_id')] }
    }
    default:
      assert.fail(`no client knows an item of type ${String(item['type'])}`)
  }
}

function hearPart(part: Fields): string {
  assert.equal(part['type'], 'output_text')
  list(part['annotations'], 'annotations')
  return text(part['text'], 'text')
}

/** The whole answer, as it comes in one piece or in the last event of a stream. */
function hearResponse(value: unknown): Heard {
  const response = hearHead(value)
  const { status, incomplete_details: details, model, output, usage, error } = response
  assert.equal(error, null)
  const items = list(output, 'output').map(hearItem)
  const why = details === null ? '' : `: ${someText(fields(details, 'incomplete_details')['reason'], 'reason')}`
  return {
    ...nothing,
    text: items.map((item) => item.text).join(''),
    thinking: items.map((item) => item.thinking).join(''),
    calls: items.flatMap((item) => item.calls),
    ids: items.flatMap((item) => item.ids),
    reason: `${someText(status, 'status')}${why}`,
    usage: usage === null || usage === undefined ? undefined : hearUsage(usage),
    model: someText(model, 'model'),
  }
}

function hearHead(value: unknown): Fields {
  const response = fields(value, 'response')
  assert.equal(response['object'], 'response')
  someText(response['id'], 'id')
  count(response['created_at'], 'created_at')
  return response
}

/** An error comes as one event, for some clients, and once more as the end of the answer, for others. */
function hearFaults([first, second, ...more]: readonly ServerSent[]): Told {
  assert.equal(first?.event, 'error')
  const error = fields(parsed(first.data), 'an event')
  assert.equal(error['type'], 'error')
  if (second !== undefined) {
    assert.equal(second.event, 'response.failed')
    const failed = fields(parsed(second.data), 'an event')
    assert.equal(failed['type'], 'response.failed')
    assert.ok((failed['sequence_number'] as number) > (error['sequence_number'] as number))
    const { status, error: why } = hearHead(failed['response'])
    assert.equal(status, 'failed')
    const { code, message } = fields(why, 'error')
    assert.ok(someText(message, 'message') !== '' && someText(code, 'code') !== '')
  }
  assert.deepEqual(more, [])
  return { message: someText(error['message'], 'message'), word: someText(error['code'], 'code') }
}

function hearBreak(frames: string): Told {
  const told = eventsIn(frames)
  assert.equal(told.length, 2)
  return hearFaults(told)
}

/** An item that is open, with what was said of it so far. */
interface Open {
  readonly id: string
  readonly index: number
  readonly type: string
  said: string
}

function hearStream(stream: string): Heard {
  const heard = { ...nothing, text: '', thinking: '', isWhole: false }
  const done: unknown[] = []
  const calls: (readonly [string, unknown])[] = []
  let begun = 0
  const open = new Map<string, Open>()
  const told: ServerSent[] = []
  let whole: Heard | undefined
  eventsIn(stream).forEach(({ event, data }, at) => {
    const said = fields(parsed(data), 'an event')
    assert.equal(said['type'], event, 'the event is called what it is')
    assert.ok(whole === undefined, 'nothing comes behind the end')
    if (event === 'error' || heard.fault !== undefined) {
      told.push({ event, data })
      heard.fault = hearFaults(told)
      return
    }
    assert.equal(said['sequence_number'], at, 'events are numbered')
    if (at === 0) assert.equal(event, 'response.created')
    const openItem = (): Open => {
      const item = open.get(text(said['item_id'], 'item_id'))!
      assert.equal(said['output_index'], item.index, 'an item keeps its index')
      return item
    }
    switch (event) {
      case 'response.created':
      case 'response.in_progress':
        assert.equal(hearHead(said['response'])['status'], 'in_progress')
        break
      case 'response.output_item.added': {
        const { id, type } = fields(said['item'], 'item')
        assert.equal(said['output_index'], begun, 'items are numbered without gaps')
        open.set(someText(id, 'id'), { id: id as string, index: begun, type: someText(type, 'type'), said: '' })
        begun += 1
        break
      }
      case 'response.content_part.added':
      case 'response.content_part.done':
      case 'response.reasoning_summary_part.added':
      case 'response.reasoning_summary_part.done':
        openItem()
        break
      case 'response.output_text.delta':
        assert.equal(openItem().type, 'message')
        assert.equal(said['content_index'], 0)
        openItem().said += text(said['delta'], 'delta')
        heard.text += said['delta'] as string
        break
      case 'response.reasoning_text.delta':
      case 'response.reasoning_summary_text.delta':
        assert.equal(openItem().type, 'reasoning')
        openItem().said += text(said['delta'], 'delta')
        heard.thinking += said['delta'] as string
        break
      case 'response.function_call_arguments.delta':
        assert.equal(openItem().type, 'function_call')
        openItem().said += text(said['delta'], 'delta')
        break
      case 'response.output_text.done':
      case 'response.reasoning_text.done':
      case 'response.reasoning_summary_text.done':
        assert.equal(said['text'], openItem().said, 'the whole text is that of its pieces')
        break
      case 'response.function_call_arguments.done':
        assert.equal(said['arguments'], openItem().said, 'the whole of the arguments is that of their pieces')
        break
      case 'response.output_item.done': {
        const item = hearItem(said['item'])
        const opened = open.get((said['item'] as Fields)['id'] as string)!
        assert.equal(said['output_index'], opened.index)
        assert.ok(open.delete(opened.id))
        if (opened.type === 'message') assert.equal(item.text, opened.said)
        if (opened.type === 'reasoning') assert.equal(item.thinking, opened.said)
        calls.push(...item.calls)
        // A call may stay open while something else is said.
        done[opened.index] = said['item']
        break
      }
      case 'response.completed':
      case 'response.incomplete':
        assert.equal(open.size, 0, 'all items have ended')
        whole = hearResponse(said['response'])
        assert.equal(`response.${whole.reason!.split(':')[0]}`, event)
        assert.deepEqual((said['response'] as Fields)['output'], done, 'the answer is made of its items')
        break
      default:
        assert.fail(`no client knows the event ${event}`)
    }
  })
  if (whole === undefined) return { ...heard, calls }
  assert.deepEqual([whole.text, whole.thinking, whole.calls], [heard.text, heard.thinking, calls])
  return { ...whole, isWhole: true }
}
