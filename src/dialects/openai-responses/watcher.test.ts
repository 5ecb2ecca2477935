import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WatchOptions } from '../../core/dialect.ts'
import type { Json } from '../../core/json.ts'
import { ResponsesWatcher } from './watcher.ts'

const watching = (options: Partial<WatchOptions> = {}): ResponsesWatcher =>
  new ResponsesWatcher({ hideUsage: false, rename: undefined, ...options })
const event = (type: string, more: Json = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
const delta = (text: string): string => event('response.output_text.delta', { item_id: 'm', delta: text })
const created = (model = 'm'): string =>
  event('response.created', { response: { id: 'r', status: 'in_progress', model } })
const completed = (more: Json = {}): string =>
  event('response.completed', {
    response: { id: 'r', status: 'completed', model: 'm', usage: { input_tokens: 3, output_tokens: 2 }, ...more },
  })

/** What goes on to the caller. */
const see = (watcher: ResponsesWatcher, text: string): string | undefined => {
  const out = watcher.see(Buffer.from(text))
  return out && Buffer.from(out).toString()
}

test('what needs no change is handed on as the very same object, one event or many', () => {
  const watcher = watching()
  for (const text of [
    created(),
    delta('a'),
    delta('a') + delta('b'),
    ': ping\n\n',
    event('keepalive'),
    delta('"response":{"model":"m"} "type":"response.failed"'),
    completed(),
  ]) {
    const bytes = Buffer.from(text)
    assert.equal(watcher.see(bytes), bytes)
  }
})

test('an end is a response that is completed or incomplete, and nothing else', () => {
  const ended = (text: string): boolean => {
    const watcher = watching()
    see(watcher, text)
    return watcher.ended
  }
  assert.ok(ended(completed()) && ended(event('response.incomplete', { response: { status: 'incomplete' } })))
  assert.ok(ended('data: {"type":"response.completed","response":{}}\r\n\r\n'))
  assert.ok(!ended(created()) && !ended(delta('response.completed')) && !ended('data: [DONE]\n\n'))
  assert.ok(!ended(event('response.output_item.done', { item: { status: 'completed' } })))
})

test('the counts are those of the last event', () => {
  const watcher = watching()
  see(watcher, created() + delta('a'))
  assert.equal(watcher.usage, undefined)
  see(watcher, completed())
  assert.deepEqual(watcher.usage, { promptTokens: 3, outputTokens: 2 })
})

test('frames with content are counted, named or not: text, thoughts, calls and their pieces', () => {
  const watcher = watching()
  const item = (type: string): string => event('response.output_item.added', { item: { type } })
  see(watcher, created() + item('message') + delta('a') + delta('') + item('function_call'))
  assert.equal(watcher.frames, 2)
  see(watcher, event('response.function_call_arguments.delta', { delta: '{' }))
  see(watcher, event('response.reasoning_summary_text.delta', { delta: 'hm' }))
  see(watcher, 'data: {"type":"response.output_text.delta","delta":"b"}\n\n')
  see(watcher, `${event('response.output_text.done', { text: 'ab' })}: ping\n\n${completed()}`)
  assert.equal(watcher.frames, 5)
})

test('an error is not passed on, nor anything behind it; what stood before it is', () => {
  const error = { code: 'rate_limit_exceeded', message: 'slow down' }
  for (const failed of [
    event('response.failed', { response: { status: 'failed', error } }),
    event('error', { ...error }),
    `data: ${JSON.stringify({ error: { ...error, code: 429 } })}\n\n`,
  ]) {
    const watcher = watching()
    assert.equal(see(watcher, delta('a') + failed + completed()), delta('a'))
    assert.equal(watcher.fault?.kind, 'upstream-busy')
    assert.equal(watcher.ended, false)
    assert.equal(see(watcher, completed()), undefined)
  }
})

test('a sentence that is no event is dropped, so that it cannot run into what comes behind it', () => {
  const watcher = watching()
  for (const text of ['proxy error: Failed to read connection', 'died\n\n']) assert.equal(see(watcher, text), undefined)
  assert.deepEqual([watcher.fault, watcher.ended], [undefined, false])
})

test('an answer in one piece is no stream', () => {
  const watcher = watching()
  assert.equal(see(watcher, '{"object":"response","status":"completed","output":[]}'), undefined)
  assert.equal(watcher.fault?.kind, 'upstream-broke')
})

test('a last event without its blank line is completed, and half an event is dropped', () => {
  const whole = completed()
  assert.equal(see(watching(), whole.slice(0, -1)), whole)
  assert.equal(see(watching(), whole.slice(0, -2)), whole)
  assert.equal(see(watching(), whole.slice(0, -9)), undefined)
  const cut = watching()
  assert.equal(see(cut, event('error', { message: 'it broke' }).slice(0, -2)), undefined)
  assert.equal(cut.fault?.kind, 'upstream-broke')
})

test('the model is renamed within the response, and only there', () => {
  const watcher = watching({ rename: { from: 'm', to: 'you "ü"' } })
  const text = delta('"response":{"model":"m"}')
  const nested = completed({ metadata: { model: 'm' }, model: undefined, output: [{ model: 'm' }] })
  assert.equal(see(watcher, created() + text), created('you "ü"') + text)
  assert.equal(see(watcher, nested), nested)
  assert.equal(see(watcher, completed()), completed({ model: 'you "ü"' }))
  assert.equal(see(watcher, created('other')), created('other'))
})
