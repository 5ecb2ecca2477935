import OpenAI from 'openai'
import { model as usual } from '../rig.ts'
import {
  type Embedder,
  fetching,
  hearing,
  type Speaker,
  type Told,
  toldByFields,
  Unended,
  usualClasses,
  weather,
  type Wishes,
} from './speaker.ts'

const at = (url: string, wishes: Wishes): OpenAI =>
  new OpenAI({
    baseURL: `${url}/v1`,
    apiKey: wishes.key ?? 'none',
    maxRetries: wishes.retries ?? 0,
    ...fetching(wishes, true),
  })

const said = (question: string): { role: 'user'; content: string }[] => [{ role: 'user', content: question }]

const raises = ({ status }: Told): string => usualClasses[status] ?? 'InternalServerError'

const { name, description, schema: parameters } = weather

/** `openai.chat.completions`. */
export const openAiChat: Speaker = {
  name: 'openai-js (chat)',
  dialect: 'openai-chat',
  told: toldByFields,
  raises,
  async chat(url, question, wishes = {}) {
    const { model = usual, limit, signal } = wishes
    const body = { model, messages: said(question), ...(limit !== undefined && { max_tokens: limit }) }
    const { choices } = await at(url, wishes).chat.completions.create(body, { signal })
    return choices[0]!.message.content!
  },
  async stream(url, question, wishes = {}) {
    const { model = usual, limit, signal } = wishes
    const body = { model, messages: said(question), ...(limit !== undefined && { max_tokens: limit }) }
    const heard = hearing(wishes)
    const stream = await at(url, wishes).chat.completions.create({ ...body, stream: true }, { signal })
    for await (const { choices } of stream) heard.hear(choices[0]?.delta.content)
    // Called off, its stream just ends.
    signal?.throwIfAborted()
    return heard.text
  },
  async call(url, question, wishes) {
    const { model = usual } = wishes
    const tools = [{ type: 'function' as const, function: { name, description, parameters } }]
    const body = { model, messages: said(question), tools }
    const { completions } = at(url, wishes).chat
    const { choices } = wishes.streamed
      ? await completions.stream(body).finalChatCompletion()
      : await completions.create(body)
    const { message, finish_reason: reason } = choices[0]!
    const call = message.tool_calls?.[0]
    if (call?.type !== 'function' || reason !== 'tool_calls')
      throw new Error(`It ended with ${reason}, not with a call.`)
    return {
      name: call.function.name,
      input: JSON.parse(call.function.arguments),
      after: async (content) => {
        const result = { role: 'tool' as const, tool_call_id: call.id, content }
        const after = await completions.create({ ...body, messages: [...body.messages, message, result] })
        return after.choices[0]!.message.content!
      },
    }
  },
}

/** `openai.responses`. */
export const openAiResponses: Speaker = {
  name: 'openai-js (responses)',
  dialect: 'openai-responses',
  told: toldByFields,
  raises,
  async chat(url, question, wishes = {}) {
    const { model = usual, limit, signal } = wishes
    const body = { model, input: question, ...(limit !== undefined && { max_output_tokens: limit }) }
    return (await at(url, wishes).responses.create(body, { signal })).output_text
  },
  async stream(url, question, wishes = {}) {
    const { model = usual, limit, signal } = wishes
    const body = { model, input: question, ...(limit !== undefined && { max_output_tokens: limit }) }
    const heard = hearing(wishes)
    let ending: string | undefined
    for await (const event of await at(url, wishes).responses.create({ ...body, stream: true }, { signal })) {
      if (event.type === 'response.output_text.delta') heard.hear(event.delta)
      if (event.type === 'response.failed') throw new Error(event.response.error?.message ?? 'It failed.')
      if (event.type === 'response.completed' || event.type === 'response.incomplete') ending = event.type
    }
    signal?.throwIfAborted()
    if (ending === undefined) throw new Unended('The stream closed before the response was completed.')
    return heard.text
  },
  async call(url, question, wishes) {
    const { model = usual } = wishes
    const tools = [{ type: 'function' as const, name, description, parameters, strict: false }]
    const input: OpenAI.Responses.ResponseInput = said(question)
    const { responses } = at(url, wishes)
    const { output } = wishes.streamed
      ? await responses.stream({ model, input, tools }).finalResponse()
      : await responses.create({ model, input, tools })
    const call = output.find(({ type }) => type === 'function_call') as OpenAI.Responses.ResponseFunctionToolCall
    return {
      name: call.name,
      input: JSON.parse(call.arguments),
      after: async (result) => {
        const told = { type: 'function_call_output' as const, call_id: call.call_id, output: result }
        const history = [...input, ...(output as OpenAI.Responses.ResponseInputItem[]), told]
        return (await responses.create({ model, tools, input: history })).output_text
      },
    }
  },
}

/** Servers end a text after a few words, each after others, unless told how many there may be. */
const usualLimit = 4_000

/** `openai.completions`: text that is carried on. */
export const openAiCompletions: Speaker = {
  name: 'openai-js (completions)',
  dialect: 'openai-completions',
  told: toldByFields,
  raises,
  async chat(url, question, wishes = {}) {
    const { model = usual, limit = usualLimit, signal } = wishes
    const body = { model, prompt: question, max_tokens: limit }
    return (await at(url, wishes).completions.create(body, { signal })).choices[0]!.text
  },
  async stream(url, question, wishes = {}) {
    const { model = usual, limit = usualLimit, signal } = wishes
    const body = { model, prompt: question, max_tokens: limit, stream: true as const }
    const heard = hearing(wishes)
    for await (const { choices } of await at(url, wishes).completions.create(body, { signal })) {
      heard.hear(choices[0]?.text)
    }
    signal?.throwIfAborted()
    return heard.text
  },
}

/** Without a word about it the client asks for base64, and decodes it. */
export const openAiEmbeddings: readonly Embedder[] = [undefined, 'float' as const].map((form) => ({
  name: `openai-js (embeddings, ${form ?? 'base64'})`,
  dialect: 'openai-embeddings',
  told: toldByFields,
  async embed(url, texts, wishes = {}) {
    const { model = usual, signal } = wishes
    const body = { model, input: [...texts], ...(form !== undefined && { encoding_format: form }) }
    const { data } = await at(url, wishes).embeddings.create(body, { signal })
    return data.sort((one, other) => one.index - other.index).map(({ embedding }) => embedding)
  },
}))
