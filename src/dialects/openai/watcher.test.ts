import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WatchOptions } from '../../core/dialect.ts'
import { OpenAiWatcher } from './watcher.ts'

const watching = (options: Partial<WatchOptions> = {}): OpenAiWatcher =>
  new OpenAiWatcher({ hideUsage: false, rename: undefined, ...options }, 'content"')
const frame = (chunk: object): string => `data: ${JSON.stringify(chunk)}\n\n`
const content = (text: string, more: object = {}): string =>
  frame({ model: 'm', choices: [{ index: 0, delta: { content: text }, finish_reason: null }], ...more })
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
const finish = frame({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
const counts = frame({ choices: [], usage })
const done = 'data: [DONE]\n\n'

/** What goes on to the caller. */
const see = (watcher: OpenAiWatcher, text: string): string | undefined => {
  const out = watcher.see(Buffer.from(text))
  return out && Buffer.from(out).toString()
}

test('what needs no change is handed on as the very same object, one frame or many', () => {
  const watcher = watching({ hideUsage: true })
  for (const text of [
    content('a'),
    content('a') + content('b') + finish,
    done,
    ': ping\n\n',
    content('"usage":{ [DONE] "error":'),
  ]) {
    const bytes = Buffer.from(text)
    assert.equal(watcher.see(bytes), bytes)
  }
})

test('the frame of counts that the caller did not ask for is hidden, and noted', () => {
  const watcher = watching({ hideUsage: true })
  assert.equal(see(watcher, counts), undefined)
  assert.deepEqual(watcher.usage, { promptTokens: 3, outputTokens: 2 })
  assert.equal(see(watching({ hideUsage: true }), finish + counts + done), finish + done)
  assert.equal(see(watching(), counts), counts)
})

test('counts that ride on a chunk of the answer are noted and never hidden', () => {
  const watcher = watching({ hideUsage: true })
  for (const text of [
    content('a', { usage }),
    frame({ choices: [{ delta: { content: 'a' }, finish_reason: 'stop' }], usage }),
  ]) {
    assert.equal(see(watcher, text), text)
    assert.deepEqual(watcher.usage, { promptTokens: 3, outputTokens: 2 })
  }
  const nothing = content('a', { usage: null })
  assert.equal(see(watcher, nothing), nothing)
})

test('an end is [DONE] or a reason, and neither null nor an empty one', () => {
  const ended = (text: string): boolean => {
    const watcher = watching()
    see(watcher, text)
    return watcher.ended
  }
  assert.ok(ended(done) && ended('data:[DONE]\r\n\r\n') && ended(finish))
  assert.ok(ended('data: {"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]}\n\n'))
  assert.ok(
    !ended(content('a')) && !ended(frame({ choices: [{ delta: {}, finish_reason: '' }] })) && !ended(content('[DONE]')),
  )
})

test('frames with content are counted: text, thoughts and pieces of calls, but no pings, roles, ends and counts', () => {
  const watcher = watching()
  const thought = frame({ choices: [{ delta: { content: '', reasoning: 'hm' } }] })
  const oldThought = frame({ choices: [{ delta: { content: null, reasoning_content: 'hm' } }] })
  const call = frame({ choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: '{' } }] } }] })
  const role = frame({ choices: [{ delta: { role: 'assistant', content: null } }] })
  see(watcher, `: ping\n\n${role}${thought}${oldThought}${content('a')}${call}${finish}${counts}${done}`)
  assert.equal(watcher.frames, 4)
})

test('an error is not passed on, nor anything behind it; what stood before it is', () => {
  const watcher = watching()
  const failed = frame({ error: { message: 'it broke', code: 500 } })
  assert.equal(see(watcher, content('a') + failed + done), content('a'))
  assert.equal(watcher.fault?.kind, 'upstream-broke')
  assert.equal(watcher.ended, false)
  assert.equal(see(watcher, done), undefined)
  const old = watching()
  assert.equal(see(old, 'error: {"code":500,"message":"it broke"}\n\n'), undefined)
  assert.equal(old.fault?.kind, 'upstream-broke')
})

test('a sentence that is no event is dropped, so that it cannot run into what comes behind it', () => {
  const watcher = watching()
  for (const text of ['proxy error: Failed to read connection', 'died\n\n']) assert.equal(see(watcher, text), undefined)
  assert.deepEqual([watcher.fault, watcher.ended], [undefined, false])
})

test('an answer in one piece is no stream', () => {
  const watcher = watching()
  assert.equal(see(watcher, '{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}'), undefined)
  assert.equal(watcher.fault?.kind, 'upstream-broke')
})

test('a byte order mark before the first frame is no reason to drop it', () => {
  assert.equal(see(watching(), `\uFEFF${content('a')}`), `\uFEFF${content('a')}`)
})

test('a last frame without its blank line is completed, and half a frame is dropped', () => {
  assert.equal(see(watching(), 'data: [DONE]\n'), done)
  assert.equal(see(watching(), 'data: [DONE]'), done)
  assert.equal(see(watching(), 'data: {"choices":[{"del'), undefined)
  const cut = watching()
  assert.equal(see(cut, 'data: {"error":{"message":"it broke"}}'), undefined)
  assert.equal(cut.fault?.kind, 'upstream-broke')
})

test('the model is renamed wherever it stands in a chunk, and only there', () => {
  const watcher = watching({ rename: { from: 'm', to: 'you' } })
  const text = '"model":"m"'
  const before = `data: {"id":"1","model":"m","choices":[{"delta":{"content":${JSON.stringify(text)}}}]}\n\n`
  const behind = `data: {"choices":[{"delta":{"content":${JSON.stringify(text)}}}], "model" : "m"}\n\n`
  assert.equal(
    see(watcher, before + behind + done),
    before.replace('"m"', '"you"') + behind.replace('"model" : "m"', '"model" : "you"') + done,
  )
  assert.equal(see(watcher, content('a', { model: 'other' })), content('a', { model: 'other' }))
})
