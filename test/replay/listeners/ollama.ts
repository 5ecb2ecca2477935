import assert from 'node:assert/strict'
import {
  count,
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

const common = {
  // There is no reason of its own for calls.
  reasons: { stop: 'stop', length: 'length', 'tool-calls': 'stop', 'content-filter': 'stop' },
  hearBreak,
  hearRefusal,
  statuses: (status: number): readonly number[] => [status],
  word: (): undefined => undefined,
} as const

export const ollamaChat: Listener = {
  ...common,
  path: '/api/chat',
  ask: ({ model, stream, tools: withTools }) => ({
    model,
    // It streams unless told not to.
    ...(!stream && { stream }),
    messages: [{ role: 'user', content: 'Say something.' }],
    ...(withTools && { tools: tools.map((tool) => ({ type: 'function', function: tool })) }),
  }),
  hearWhole: (answer) => hearAll([fields(answer, 'the answer')], hearMessage),
  hearStream: (stream) => hearAll(linesIn(stream), hearMessage),
}

export const ollamaGenerate: Listener = {
  ...common,
  path: '/api/generate',
  ask: ({ model, stream, task }) => ({
    model,
    ...(!stream && { stream }),
    prompt: 'Say',
    // Otherwise the template of the model makes a conversation of it.
    ...(task === 'text' && { raw: true }),
  }),
  hearWhole: (answer) => hearAll([fields(answer, 'the answer')], hearResponse),
  hearStream: (stream) => hearAll(linesIn(stream), hearResponse),
}

function hearRefusal(body: unknown): Told {
  const error = fields(body, 'an error')
  assert.notEqual(error['done'], true, 'an error is no end')
  return { message: someText(error['error'], 'error'), word: undefined }
}

function hearBreak(frames: string): Told {
  const [line, ...more] = linesIn(frames)
  assert.deepEqual(more, [], 'an error is the last line')
  return hearRefusal(line)
}

/** An empty line, or one that is not JSON, ends a client written in Go or Python. */
function linesIn(stream: string): Fields[] {
  const lines = stream.split('\n')
  assert.equal(lines.pop(), '', 'the last line has an end')
  return lines.map((line) => fields(parsed(line), 'a line'))
}

interface Piece {
  readonly text: string
  readonly thinking: string
  readonly calls: readonly Fields[]
}

function hearMessage({ message }: Fields): Piece {
  const { role, content, thinking, tool_calls: calls } = fields(message, 'message')
  assert.equal(role, 'assistant')
  return {
    text: text(content, 'content'),
    thinking: thinking === undefined ? '' : text(thinking, 'thinking'),
    calls: calls === undefined ? [] : list(calls, 'tool_calls').map((call) => fields(call, 'call')),
  }
}

const hearResponse = ({ response, thinking }: Fields): Piece => ({
  text: text(response, 'response'),
  thinking: thinking === undefined ? '' : text(thinking, 'thinking'),
  calls: [],
})

function hearAll(lines: readonly Fields[], hearPiece: (line: Fields) => Piece): Heard {
  const heard = { ...nothing, text: '', thinking: '' }
  const calls: (readonly [string, unknown])[] = []
  const ids: string[] = []
  for (const line of lines) {
    assert.ok(!heard.isWhole && heard.fault === undefined, 'nothing comes behind the end')
    if ('error' in line) {
      heard.fault = hearRefusal(line)
      continue
    }
    assert.match(text(line['created_at'], 'created_at'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/)
    assert.equal(typeof line['done'], 'boolean')
    heard.model = someText(line['model'], 'model')
    const piece = hearPiece(line)
    heard.text += piece.text
    heard.thinking += piece.thinking
    for (const { id, function: fn } of piece.calls) {
      const { index, name, arguments: args } = fields(fn, 'function')
      assert.equal(index, calls.length, 'calls are numbered without gaps')
      calls.push([someText(name, 'name'), fields(args, 'arguments')])
      ids.push(someText(id, 'id'))
    }
    if (line['done'] !== true) continue
    heard.isWhole = true
    heard.reason = someText(line['done_reason'], 'done_reason')
    heard.usage = hearUsage(line)
  }
  return { ...heard, calls, ids }
}

/** What is zero is left out. */
function hearUsage(line: Fields): Heard['usage'] {
  const { prompt_eval_count: prompt, eval_count: output } = line
  for (const name of ['total_duration', 'prompt_eval_duration', 'eval_duration', 'load_duration']) {
    if (line[name] !== undefined) count(line[name], `${name}, in whole nanoseconds,`)
  }
  if (prompt === undefined && output === undefined) return undefined
  return { prompt: count(prompt ?? 0, 'prompt'), output: count(output ?? 0, 'output'), cached: undefined }
}
