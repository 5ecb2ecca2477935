import fc from 'fast-check'
import type { Json } from '../../src/core/json.ts'
import type { FinishReason, Part, TokenLogprob } from '../../src/core/part.ts'
import type { Content, Message, Prompt, Reasoning, Sampling, ToolCall } from '../../src/core/prompt.ts'
import type { Usage } from '../../src/core/usage.ts'
import type { Inputs, Vectors } from '../../src/core/vectors.ts'
import { type Can, samplingIn } from './abilities.ts'

/** Requests and answers, made of nothing but what can be said in the dialects at hand. */

/** Objects like those that JSON gives. */
const shaped = { noNullPrototype: true } as const

const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
const visible = text.filter((said) => said.trim() !== '')
/** What somebody says in a conversation. */
const wordsFor = (can: Can): fc.Arbitrary<string> => (can('nothing but blanks') ? text : visible)
const word = fc.stringMatching(/^[a-z_]{1,8}$/)
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
const unit = fc.double({ noNaN: true, min: 0, max: 1 }).map((value) => value + 0)
const count = fc.integer({ min: 1, max: 100_000 })
const percent = fc.integer({ min: 0, max: 100 })
// Through JSON once, for what it cannot say: minus zero. Its parser in Node 24 confuses keys that end with a backslash.
const object: fc.Arbitrary<Json> = fc
  .dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 })
  .filter((value) => !JSON.stringify(value).includes('\\\\":'))
  .map((value) => JSON.parse(JSON.stringify(value)) as Json)

const maybe = <T>(may: boolean, one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  may ? fc.option(one, { nil: undefined }) : fc.constant(undefined)

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
  readonly media: readonly Content[]
  readonly thought: Content | undefined
  readonly answered: string | undefined
  readonly calls: readonly {
    readonly name: string
    readonly args: Json
    readonly result: string
    readonly isError: boolean | undefined
  }[]
}

function mediaFor(can: Can): fc.Arbitrary<readonly Content[]> {
  const all: readonly (readonly [may: boolean, content: Content])[] = [
    [can('pictures'), { type: 'image', mediaType: 'image/png', base64: 'iVBORw0KGgoAAAA=' }],
    [can('pictures'), { type: 'image', mediaType: 'image/jpeg', base64: '/9j/4AAQ' }],
    [can('addresses of pictures'), { type: 'image-url', url: 'https://example.com/cat.png' }],
    [can('sounds'), { type: 'audio', format: 'wav', base64: 'UklGRg==' }],
    [can('documents'), { type: 'document', mediaType: 'application/pdf', base64: 'JVBERi0=', title: 'paper.pdf' }],
  ]
  const possible = all.flatMap(([may, content]) => (may ? [content] : []))
  return possible.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...possible), { maxLength: 2 })
}

function thoughtFor(can: Can): fc.Arbitrary<Content | undefined> {
  const kinds: fc.Arbitrary<Content>[] = []
  if (can('past thoughts')) kinds.push(text.map((thought) => ({ type: 'thinking', text: thought })))
  if (can('signed thoughts'))
    kinds.push(fc.tuple(text, word).map(([thought, signature]) => ({ type: 'thinking', text: thought, signature })))
  if (can('sealed thoughts')) kinds.push(word.map((sealed) => ({ type: 'thinking', text: '', sealed })))
  return kinds.length === 0 ? fc.constant(undefined) : fc.option(fc.oneof(...kinds), { nil: undefined })
}

const turnFor = (can: Can): fc.Arbitrary<Turn> =>
  fc
    .record({
      said: wordsFor(can),
      media: mediaFor(can),
      thought: thoughtFor(can),
      answered: fc.option(wordsFor(can), { nil: undefined }),
      calls: fc.array(
        fc.record({
          name: word,
          args: object,
          result: wordsFor(can),
          isError: maybe(can('failed calls'), fc.constant(true)),
        }),
        { maxLength: can('tools') ? 2 : 0 },
      ),
    })
    // Whoever says nothing has no turn.
    .filter(({ answered, calls }) => answered !== undefined || calls.length > 0)

function conversation(system: string | undefined, turns: readonly Turn[]): Message[] {
  const messages = system === undefined ? [] : [message('system', [say(system)])]
  turns.forEach(({ said, media, thought, answered, calls }, at) => {
    messages.push(message('user', [say(said), ...media]))
    const toolCalls: ToolCall[] = calls.map(({ name, args }, index) => ({
      id: `call_${at}_${index}`,
      name,
      arguments: JSON.stringify(args),
    }))
    const thinking = thought === undefined ? [] : [thought]
    messages.push(message('assistant', answered === undefined ? thinking : [...thinking, say(answered)], { toolCalls }))
    calls.forEach(({ name, result, isError }, index) =>
      messages.push(message('tool', [say(result)], { toolCallId: toolCalls[index]!.id, name, isError })),
    )
  })
  return messages
}

function reasoningFor(can: Can): fc.Arbitrary<Reasoning | undefined> {
  const levels: readonly Reasoning[] = can('levels of thinking') ? ['low', 'medium', 'high', 'max'] : []
  return fc.constantFrom<Reasoning | undefined>(
    undefined,
    ...levels,
    ...(can('thinking off') ? (['off'] as const) : []),
    ...(can('thinking on') ? (['on'] as const) : []),
    ...(can('thinking a minimum') ? (['minimal'] as const) : []),
  )
}

function formatFor(can: Can): fc.Arbitrary<Prompt['format']> {
  const formats: fc.Arbitrary<Prompt['format']>[] = [fc.constant(undefined)]
  if (can('JSON')) formats.push(fc.constant({ type: 'json' }))
  if (can('schema'))
    formats.push(
      fc
        .tuple(object, maybe(can('strict schema'), fc.boolean()))
        .map(([schema, strict]) => ({ type: 'json-schema', name: undefined, schema, strict })),
    )
  return fc.oneof(...formats)
}

const samplingFor = (can: Can): fc.Arbitrary<Sampling> =>
  fc.record(
    Object.fromEntries(
      samplingIn(can).map((name) => [
        name,
        name === 'topK' || name === 'seed' ? count : name === 'temperature' || name === 'topP' ? unit : number,
      ]),
    ),
    { requiredKeys: [], ...shaped },
  )

/** What any request has, whatever it is for. */
const mannerFor = (can: Can): Record<string, fc.Arbitrary<unknown>> => ({
  model: text,
  stream: fc.boolean(),
  outputTokensMax: can('no limit') ? fc.option(count, { nil: undefined }) : count,
  sampling: samplingFor(can),
  stop: fc.array(wordsFor(can), { maxLength: can('stop strings') ? 2 : 0 }),
  format: formatFor(can),
  user: maybe(can('user'), word),
  logprobs: maybe(can('wish for probabilities'), fc.integer({ min: 0, max: 5 })),
  cacheKey: maybe(can('cache key'), word),
})

/** Requests for a turn in a conversation. */
export const promptsFor = (can: Can): fc.Arbitrary<Prompt> =>
  fc
    .record(
      {
        ...mannerFor(can),
        messages: fc
          .tuple(
            fc.option(wordsFor(can), { nil: undefined }),
            can('many turns') ? fc.array(turnFor(can), { minLength: 1, maxLength: 3 }) : fc.constant([]),
            wordsFor(can),
            mediaFor(can),
          )
          .map(([system, turns, said, media]) => [
            ...conversation(system, turns),
            message('user', [say(said), ...media]),
          ]),
        reasoning: reasoningFor(can),
        tools: fc.uniqueArray(
          fc.record(
            {
              name: word,
              description: fc.option(text, { nil: undefined }),
              // What is called with anything but an object is no tool anywhere.
              parameters: object.map((schema) => ({ ...schema, type: 'object' })),
              strict: maybe(can('strict tools'), fc.boolean()),
            },
            shaped,
          ),
          { maxLength: can('tools') ? 2 : 0, selector: ({ name }) => name },
        ),
        choice: maybe(can('choice of a tool'), fc.constantFrom('auto', 'none', 'required', 'tool')),
        parallelTools: maybe(can('one call at a time'), fc.constant(false)),
        continues: maybe(can('beginning of the answer'), fc.constant(true)),
      },
      shaped,
    )
    .map(({ choice, ...rest }) => {
      const prompt = rest as unknown as Prompt
      const { continues, tools, parallelTools } = prompt
      const begun = continues === true ? [message('assistant', [say('Well')])] : []
      return {
        ...prompt,
        messages: [...prompt.messages, ...begun],
        toolChoice: choiceOf(choice, tools),
        parallelTools: tools.length > 0 ? parallelTools : undefined,
      }
    })

/** There is something to choose only among tools. */
function choiceOf(
  choice: 'auto' | 'none' | 'required' | 'tool' | undefined,
  [tool]: Prompt['tools'],
): Prompt['toolChoice'] {
  if (tool === undefined || choice === undefined) return undefined
  return choice === 'tool' ? { type: choice, name: tool.name } : { type: choice }
}

/** Requests to go on with a text. */
export const textsFor = (can: Can): fc.Arbitrary<Prompt> =>
  fc.record(
    {
      ...mannerFor(can),
      messages: fc.constant([]),
      tools: fc.constant([]),
      text: fc.record(
        {
          before: text,
          after: maybe(can('what follows the gap'), text),
          echo: maybe(can('echo'), fc.constant(true)),
        },
        shaped,
      ),
    },
    shaped,
  ) as unknown as fc.Arbitrary<Prompt>

const token: fc.Arbitrary<Omit<TokenLogprob, 'top'>> = fc
  .tuple(text, fc.double({ noNaN: true, min: -20, max: 0 }))
  .map(([said, logprob]) => ({ token: said, logprob: logprob + 0 }))

/** The likeliest first, and each once. */
const top = fc
  .uniqueArray(token, { minLength: 1, maxLength: 2, selector: (one) => one.token })
  .map((tokens) => tokens.toSorted((a, b) => b.logprob - a.logprob))

const probable: fc.Arbitrary<Part> = fc
  .tuple(token, top)
  .map(([one, others]) => ({ type: 'text-delta', text: one.token, logprobs: [{ ...one, top: others }] }))

const plainDelta: fc.Arbitrary<Part> = text.map((said) => ({ type: 'text-delta', text: said }))

interface CalledTool {
  readonly name: string
  readonly args: Json
  readonly cuts: readonly number[]
}

const calledTool: fc.Arbitrary<CalledTool> = fc.record({
  name: word,
  args: object,
  cuts: fc.array(fc.nat(), { maxLength: 3 }),
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

function usageFor(can: Can): fc.Arbitrary<Usage | undefined> {
  const usage = fc
    .tuple(
      count,
      count,
      fc.record({
        cached: maybe(can('cached tokens'), percent),
        written: maybe(can('tokens written to a cache'), percent),
        thought: maybe(can('tokens of thoughts'), percent),
      }),
    )
    .map(([prompt, output, { cached, written, thought }]): Usage => ({
      promptTokens: prompt + 200,
      outputTokens: output + 100,
      // None is as good as nothing said of it.
      ...(cached && { cachedTokens: cached }),
      ...(written && { cacheWriteTokens: written }),
      ...(thought && { reasoningTokens: thought }),
    }))
  return can('no counts') ? fc.option(usage, { nil: undefined }) : usage
}

/** Whole answers, in the order in which every dialect gives them: thoughts, words, calls, why it ended, the counts. */
export const answersFor = (can: Can): fc.Arbitrary<readonly Part[]> =>
  fc
    .record({
      thoughts: fc.array(text, { maxLength: can('thoughts') ? 3 : 0 }),
      signature: maybe(can('signature'), word),
      said: fc.oneof(
        fc.array(plainDelta, { maxLength: 6 }),
        fc.array(can('probabilities') ? probable : plainDelta, { maxLength: 4 }),
      ),
      calls: fc.array(calledTool, { maxLength: can('tools') ? 3 : 0 }),
      end: fc.constantFrom('proper', 'cut', ...(can('withheld content') ? (['withheld'] as const) : [])),
      stopSequence: maybe(can('which stop string'), word),
      usage: usageFor(can),
    })
    .map(({ thoughts, signature, said, calls, end, stopSequence, usage }) => {
      const reason: FinishReason =
        end === 'cut' ? 'length' : end === 'withheld' ? 'content-filter' : calls.length > 0 ? 'tool-calls' : 'stop'
      const last = thoughts.length - 1
      return [
        ...thoughts.map((thought, at): Part => ({
          type: 'thinking-delta',
          text: thought,
          ...(at === last && signature !== undefined && { signature }),
        })),
        ...said,
        ...calls.flatMap(callParts),
        { type: 'finish', reason, ...(reason === 'stop' && stopSequence !== undefined && { stopSequence }) },
        ...(usage === undefined ? [] : [{ type: 'usage', usage } as const]),
        { type: 'end' },
      ]
    })

export const inputsFor = (can: Can): fc.Arbitrary<Inputs> =>
  fc.record(
    {
      model: text,
      texts: fc.oneof(
        fc.array(text, { minLength: 1, maxLength: can('many texts') ? 3 : 1 }),
        ...(can('token ids')
          ? [fc.array(fc.array(count, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 })]
          : []),
      ),
      dimensions: maybe(can('dimensions'), count),
      user: maybe(can('user'), word),
    },
    shaped,
  )

/** Numbers that are the same in four bytes. */
const float = fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)

export const vectorsFor = (can: Can): fc.Arbitrary<Vectors> =>
  fc.integer({ min: 1, max: 8 }).chain((length) =>
    fc.record(
      {
        vectors: fc.array(fc.array(float, { minLength: length, maxLength: length }), {
          minLength: 1,
          maxLength: can('many texts') ? 3 : 1,
        }),
        promptTokens: can('tokens of texts') ? count : fc.constant(undefined),
      },
      shaped,
    ),
  )

/** Bytes cut as a network might, at places that come from chance. */
export function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end))
}
