import fc from 'fast-check'
import type { Json } from '../../src/core/json.ts'
import type { Part } from '../../src/core/part.ts'
import type { Content, Message, Prompt, ToolCall } from '../../src/core/prompt.ts'

/** Requests and answers that every dialect can say. What only some can is tested beside the dialect. */

/** Objects like those that JSON gives. */
const shaped = { noNullPrototype: true } as const

const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
const word = fc.stringMatching(/^[a-z_]{1,8}$/)
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
const count = fc.integer({ min: 1, max: 100_000 })
// Through JSON once, for what it cannot say: minus zero. Its parser in Node 24 confuses keys that end with a backslash.
const object: fc.Arbitrary<Json> = fc
  .dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 })
  .filter((value) => !JSON.stringify(value).includes('\\\\":'))
  .map((value) => JSON.parse(JSON.stringify(value)) as Json)

const image: fc.Arbitrary<Content> = fc.constantFrom(
  { type: 'image', mediaType: 'image/png', base64: 'iVBORw0KGgoAAAA=' } as const,
  { type: 'image', mediaType: 'image/jpeg', base64: '/9j/4AAQ' } as const,
)

const say = (content: string): Content => ({ type: 'text', text: content })
const message = (role: Message['role'], content: readonly Content[], more: Partial<Message> = {}): Message => ({
  role,
  content,
  toolCalls: [],
  toolCallId: undefined,
  name: undefined,
  ...more,
})

interface Turn {
  readonly said: string
  readonly images: readonly Content[]
  readonly thought: string | undefined
  readonly answered: string | undefined
  readonly calls: readonly { readonly name: string; readonly args: Json; readonly result: string }[]
}

const turn: fc.Arbitrary<Turn> = fc.record({
  said: text,
  images: fc.array(image, { maxLength: 2 }),
  thought: fc.option(text, { nil: undefined }),
  answered: fc.option(text, { nil: undefined }),
  calls: fc.array(fc.record({ name: word, args: object, result: text }), { maxLength: 2 }),
})

function conversation(system: string | undefined, turns: readonly Turn[]): Message[] {
  const messages = system === undefined ? [] : [message('system', [say(system)])]
  turns.forEach(({ said, images, thought, answered, calls }, at) => {
    messages.push(message('user', [say(said), ...images]))
    const toolCalls: ToolCall[] = calls.map(({ name, args }, index) => ({
      id: `call_${at}_${index}`,
      name,
      arguments: JSON.stringify(args),
    }))
    const thinking: Content[] = thought === undefined ? [] : [{ type: 'thinking', text: thought }]
    messages.push(message('assistant', answered === undefined ? thinking : [...thinking, say(answered)], { toolCalls }))
    calls.forEach(({ name, result }, index) =>
      messages.push(message('tool', [say(result)], { toolCallId: toolCalls[index]!.id, name })),
    )
  })
  return messages
}

export const prompts: fc.Arbitrary<Prompt> = fc.record(
  {
    model: text,
    messages: fc
      .tuple(fc.option(text, { nil: undefined }), fc.array(turn, { minLength: 1, maxLength: 3 }))
      .map(([system, turns]) => conversation(system, turns)),
    stream: fc.boolean(),
    outputTokensMax: fc.option(count, { nil: undefined }),
    sampling: fc.record(
      {
        temperature: number,
        topP: number,
        topK: count,
        minP: number,
        seed: count,
        frequencyPenalty: number,
        presencePenalty: number,
        repeatPenalty: number,
      },
      { requiredKeys: [], ...shaped },
    ),
    stop: fc.array(text, { maxLength: 2 }),
    tools: fc.array(
      fc.record(
        {
          name: word,
          description: fc.option(text, { nil: undefined }),
          parameters: object,
          strict: fc.constant(undefined),
        },
        shaped,
      ),
      { maxLength: 2 },
    ),
    toolChoice: fc.constant(undefined),
    parallelTools: fc.constant(undefined),
    format: fc.oneof(
      fc.constant(undefined),
      fc.constant({ type: 'json' } as const),
      object.map((schema) => ({ type: 'json-schema', name: undefined, schema, strict: undefined }) as const),
    ),
    reasoning: fc.constantFrom(undefined, 'off', 'low', 'medium', 'high', 'max'),
    user: fc.constant(undefined),
  },
  shaped,
)

const deltas: fc.Arbitrary<Part> = fc.record({ type: fc.constantFrom('text-delta', 'thinking-delta'), text }, shaped)

interface CalledTool {
  readonly name: string
  readonly args: Json
  readonly cuts: readonly number[]
}

const calledTools = fc.array(fc.record({ name: word, args: object, cuts: fc.array(fc.nat(), { maxLength: 3 }) }), {
  maxLength: 3,
})

function callParts({ name, args, cuts }: CalledTool, index: number): Part[] {
  const whole = JSON.stringify(args)
  const places = [0, ...cuts.map((cut) => cut % whole.length).toSorted((a, b) => a - b), whole.length]
  const pieces = places
    .slice(1)
    .map((end, at) => whole.slice(places[at], end))
    .filter((piece) => piece !== '')
  return [
    { type: 'tool-start', index, id: `call_${index}`, name },
    ...pieces.map((piece): Part => ({ type: 'tool-delta', index, arguments: piece })),
  ]
}

/** Whole answers, in the order in which every dialect gives them: what was said, the calls, why it ended, the counts. */
export const answers: fc.Arbitrary<readonly Part[]> = fc
  .record({
    said: fc.array(deltas, { maxLength: 6 }),
    calls: calledTools,
    isCutOff: fc.boolean(),
    usage: fc.option(fc.record({ promptTokens: count, outputTokens: count }, shaped), { nil: undefined }),
  })
  .map(({ said, calls, isCutOff, usage }) => [
    ...said,
    ...calls.flatMap(callParts),
    { type: 'finish', reason: isCutOff ? 'length' : calls.length > 0 ? 'tool-calls' : 'stop' },
    ...(usage === undefined ? [] : [{ type: 'usage', usage } as const]),
    { type: 'end' },
  ])

/** Bytes cut as a network might, at places that come from chance. */
export function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end))
}
