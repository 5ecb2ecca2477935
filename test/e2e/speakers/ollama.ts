import { type Message, Ollama } from 'ollama'
import { model as usual } from '../rig.ts'
import { type Embedder, fetching, hearing, type Speaker, toldByFields, weather, type Wishes } from './speaker.ts'

/** It takes a signal only for streams, and no way to hand it in; its fetch does. */
const at = (url: string, wishes: Wishes): Ollama =>
  new Ollama({
    host: url,
    ...(wishes.key !== undefined && { headers: { authorization: `Bearer ${wishes.key}` } }),
    ...fetching(wishes, false),
  })

const said = (question: string): { role: string; content: string }[] => [{ role: 'user', content: question }]

const limited = ({ model = usual, limit }: Wishes): { model: string; options?: { num_predict: number } } => ({
  model,
  ...(limit !== undefined && { options: { num_predict: limit } }),
})

const { name, description, schema: parameters } = weather

/** `ollama.chat`. */
export const ollamaChat: Speaker = {
  name: 'ollama-js (chat)',
  dialect: 'ollama-chat',
  told: toldByFields,
  raises: () => 'ResponseError',
  async chat(url, question, wishes = {}) {
    return (await at(url, wishes).chat({ ...limited(wishes), messages: said(question) })).message.content
  },
  async stream(url, question, wishes = {}) {
    const heard = hearing(wishes)
    const body = { ...limited(wishes), messages: said(question), stream: true as const }
    for await (const { message } of await at(url, wishes).chat(body)) heard.hear(message.content)
    return heard.text
  },
  async call(url, question, wishes) {
    const client = at(url, wishes)
    const tools = [{ type: 'function', function: { name, description, parameters } }]
    const body = { ...limited(wishes), messages: said(question), tools }
    const pieces = wishes.streamed ? await client.chat({ ...body, stream: true }) : [await client.chat(body)]
    let message: Message | undefined
    for await (const { message: piece } of pieces) if (piece.tool_calls !== undefined) message = piece
    const { function: call } = message!.tool_calls![0]!
    return {
      name: call.name,
      input: call.arguments,
      after: async (content) => {
        const result = { role: 'tool', tool_name: call.name, content }
        return (await client.chat({ ...body, messages: [...body.messages, message!, result] })).message.content
      },
    }
  },
}

/** `ollama.generate`. */
export const ollamaGenerate: Speaker = {
  name: 'ollama-js (generate)',
  dialect: 'ollama-generate',
  told: toldByFields,
  raises: () => 'ResponseError',
  async chat(url, question, wishes = {}) {
    return (await at(url, wishes).generate({ ...limited(wishes), prompt: question })).response!
  },
  async stream(url, question, wishes = {}) {
    const heard = hearing(wishes)
    const body = { ...limited(wishes), prompt: question, stream: true as const }
    for await (const { response } of await at(url, wishes).generate(body)) heard.hear(response)
    return heard.text
  },
}

export const ollamaEmbedders: readonly Embedder[] = [
  {
    name: 'ollama-js (embed)',
    dialect: 'ollama-embed',
    told: toldByFields,
    async embed(url, texts, wishes = {}) {
      return (await at(url, wishes).embed({ model: wishes.model ?? usual, input: [...texts] })).embeddings
    },
  },
  {
    name: 'ollama-js (embeddings)',
    dialect: 'ollama-embeddings',
    told: toldByFields,
    async embed(url, texts, wishes = {}) {
      const client = at(url, wishes)
      const vectors = []
      for (const prompt of texts) {
        vectors.push((await client.embeddings({ model: wishes.model ?? usual, prompt })).embedding)
      }
      return vectors
    },
  },
]
