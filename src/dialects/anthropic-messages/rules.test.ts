import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../core/json.ts'
import type { Part } from '../../core/part.ts'
import type { Message, Prompt } from '../../core/prompt.ts'
import { anthropicMessages as dialect } from '../anthropic-messages.ts'

/** Anthropic's rules about order, held against conversations and answers that keep none. */

const about = { id: 'x.1', model: 'mine', promptTokens: 40, createdMs: 0, wantsUsage: true, epochMs: () => 0 }

// Few, so that they meet again; and not all of them are allowed there.
const id = fc.constantFrom('a', 'b', 'a.b', 'a:b', '')
const said = fc.constantFrom('', '  ', 'hm', 'so').map((text) => ({ type: 'text' as const, text }))
const message: fc.Arbitrary<Message> = fc
  .record({
    role: fc.constantFrom('system' as const, 'user' as const, 'assistant' as const, 'tool' as const),
    content: fc.array(said, { maxLength: 2 }),
    calls: fc.array(id, { maxLength: 2 }),
    answers: id,
  })
  .map(({ role, content, calls, answers }) => ({
    role,
    content,
    name: undefined,
    toolCalls: role === 'assistant' ? calls.map((call) => ({ id: call, name: 'f', arguments: '' })) : [],
    toolCallId: role === 'tool' ? answers : undefined,
  }))

interface Block extends Json {
  readonly type: string
}

interface Turn {
  readonly role: string
  readonly content: readonly Block[]
}

const plain: Prompt = {
  model: 'm',
  messages: [],
  stream: true,
  outputTokensMax: 9,
  sampling: {},
  stop: [],
  tools: [],
  toolChoice: undefined,
  parallelTools: undefined,
  format: undefined,
  reasoning: undefined,
  user: undefined,
}

const of = (content: readonly Block[], type: string): readonly Block[] => content.filter((block) => block.type === type)

test('whatever was said in whatever order, it is written by the rules', () => {
  const prompts = fc.record({ messages: fc.array(message, { maxLength: 8 }), continues: fc.boolean() })
  fc.assert(
    fc.property(prompts, ({ messages, continues }) => {
      const prompt: Prompt = { ...plain, messages, continues }
      const turns = dialect.writePrompt(prompt)['messages'] as readonly Turn[]
      turns.forEach(({ role }, at) => assert.equal(role, at % 2 === 0 ? 'user' : 'assistant'))
      assert.ok(turns.length > 0 && (continues || turns.length % 2 === 1))
      const ids = turns.flatMap(({ content }) => of(content, 'tool_use').map((call) => String(call['id'])))
      assert.equal(new Set(ids).size, ids.length)
      for (const one of ids) assert.match(one, /^[a-zA-Z0-9_-]+$/)
      turns.forEach(({ content }, at) => {
        assert.ok(content.length > 0)
        for (const { text } of of(content, 'text')) assert.notEqual(String(text).trim(), '')
        const asked = of(turns[at - 1]?.content ?? [], 'tool_use').map((call) => call['id'])
        const told = content.map((block) => block['tool_use_id']).slice(0, asked.length)
        assert.deepEqual(told, asked)
        assert.equal(of(content, 'tool_result').length, asked.length)
      })
    }),
  )
})

interface Answer {
  readonly text: string
  readonly thinking: string
  readonly calls: readonly string[]
}

/** Reads a stream as a strict client would. */
function strictly(stream: string): Answer {
  const events = stream
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => JSON.parse(frame.split('\n')[1]!.slice('data: '.length)) as Json)
  const types = events.map(({ type }) => type)
  assert.equal(types[0], 'message_start')
  assert.deepEqual(types.slice(-2), ['message_delta', 'message_stop'])
  const blocks: { readonly type: unknown; said: string; isSigned: boolean }[] = []
  let isOpen = false
  for (const { type, index, content_block: block, delta } of events.slice(1, -2)) {
    if (type === 'content_block_start') {
      assert.ok(!isOpen)
      isOpen = true
      blocks.push({ type: (block as Json)['type'], said: '', isSigned: false })
    }
    assert.ok(isOpen)
    assert.equal(index, blocks.length - 1)
    const last = blocks.at(-1)!
    if (type === 'content_block_delta') {
      assert.ok(!last.isSigned, 'a signature ends a thought')
      const { type: kind, text, thinking, partial_json: json } = delta as Json
      assert.equal(kind === 'input_json_delta', last.type === 'tool_use')
      last.said += [text, thinking, json].join('')
      last.isSigned = kind === 'signature_delta'
    } else if (type === 'content_block_stop') {
      assert.equal(last.isSigned, last.type === 'thinking')
      isOpen = false
    }
  }
  assert.ok(!isOpen)
  const all = (type: string): string[] => blocks.flatMap((block) => (block.type === type ? [block.said] : []))
  return { text: all('text').join(''), thinking: all('thinking').join(''), calls: all('tool_use') }
}

test('whatever comes in whatever order, one block is open at a time and nothing is lost', () => {
  // A number is more of that call.
  const step = fc.constantFrom(...(['text', 'thought', 'signature', 'call', 0, 1, 2] as const))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const heard = { text: '', thinking: '', calls: [] as string[] }
      const parts: Part[] = []
      steps.forEach((one, at) => {
        const piece = `${at},`
        if (one === 'text') {
          heard.text += piece
          parts.push({ type: 'text-delta', text: piece })
        } else if (one === 'thought' || one === 'signature') {
          heard.thinking += piece
          parts.push({ type: 'thinking-delta', text: piece, ...(one === 'signature' && { signature: 's' }) })
        } else if (one === 'call') {
          parts.push({ type: 'tool-start', index: heard.calls.length, id: '', name: 'f' })
          heard.calls.push('')
        } else if (one < heard.calls.length) {
          heard.calls[one] += piece
          parts.push({ type: 'tool-delta', index: one, arguments: piece })
        }
      })
      parts.push({ type: 'finish', reason: 'stop' }, { type: 'end' })
      assert.deepEqual(strictly(parts.map(dialect.partWriter(about)).join('')), heard)
    }),
  )
})
