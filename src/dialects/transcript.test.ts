import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AnswerAbout, TalkDialect } from '../core/dialect.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import { ollamaChat } from './ollama-chat.ts'
import { ollamaGenerate } from './ollama-generate.ts'
import { openAiChat } from './openai-chat.ts'
import { openAiCompletions } from './openai-completions.ts'
import { Transcript } from './transcript.ts'

const about: AnswerAbout = {
  id: 'a1',
  model: 'm',
  promptTokens: 3,
  createdMs: 5_000,
  wantsUsage: true,
  epochMs: () => 5_000,
}

const dialects: readonly TalkDialect[] = [openAiChat, openAiCompletions, anthropicMessages, ollamaChat, ollamaGenerate]

const framesOf = (dialect: TalkDialect, words: readonly string[]): Uint8Array[] => {
  const write = dialect.partWriter(about)
  return words.map((text) => Buffer.from(write({ type: 'text-delta', text })))
}

for (const dialect of dialects) {
  test(`what was heard in ${dialect.id} is told word by word, however many frames came at once`, () => {
    const words = fc.array(fc.string({ minLength: 1, maxLength: 400, unit: 'grapheme' }), {
      minLength: 1,
      maxLength: 300,
      size: 'max',
    })
    fc.assert(
      fc.property(words, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (texts, sizes) => {
        const transcript = new Transcript(dialect)
        const frames = framesOf(dialect, texts)
        for (let at = 0; at < frames.length;) {
          const size = sizes.next().value
          const chunk = Buffer.concat(frames.slice(at, at + size))
          transcript.hear(chunk)
          // Whoever owns the bytes may use them for something else.
          chunk.fill(0)
          at += size
        }
        const { text, tokens, isClosed, reason } = transcript.said()
        assert.equal(text, texts.join(''))
        assert.deepEqual([tokens, isClosed, reason], [texts.length, false, undefined])
      }),
      { numRuns: 25 },
    )
  })

  test(`a stream in ${dialect.id} that has said all is closed`, () => {
    const transcript = new Transcript(dialect)
    const write = dialect.partWriter(about)
    for (const part of [
      { type: 'text-delta', text: 'one' },
      { type: 'finish', reason: 'stop' },
      { type: 'usage', usage: { promptTokens: 3, outputTokens: 1 } },
      { type: 'end' },
    ] as const)
      transcript.hear(Buffer.from(write(part)))
    assert.equal(transcript.said().isClosed, true)
  })
}

test('the name and the date of a stream are those of its first frame', () => {
  const transcript = new Transcript(openAiChat)
  for (const frame of framesOf(openAiChat, ['one', 'two'])) transcript.hear(frame)
  const { id, createdMs } = transcript.said()
  assert.deepEqual([id, createdMs], ['chatcmpl-a1', 5_000])
})

test('a message of Anthropic is open only while its text is', () => {
  const [first] = framesOf(anthropicMessages, ['one'])
  const events = Buffer.from(first!)
    .toString()
    .split(/(?<=\n\n)/)
  const heard: boolean[] = []
  const transcript = new Transcript(anthropicMessages)
  for (const event of [...events, 'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n']) {
    transcript.hear(Buffer.from(event))
    heard.push(transcript.said().isClosed)
  }
  // The message begins, the block begins, a word comes, the block ends.
  assert.deepEqual(heard, [true, true, false, true])
})

test('what nobody can read closes a stream', () => {
  const transcript = new Transcript(openAiChat)
  transcript.hear(Buffer.from('data: {"choices": [{{\n\n'))
  assert.equal(transcript.said().isClosed, true)
})
