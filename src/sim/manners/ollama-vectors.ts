import type { Inbound } from '../../core/world.ts'
import type { Question } from '../answer.ts'
import type { Host, Manner, Request } from '../manner.ts'
import { json } from '../responses.ts'
import type { Scribe } from '../telling.ts'
import {
  cutTexts,
  ollamaEmbeddingsScribe,
  ollamaEmbedScribe,
  readOllamaEmbed,
  readOllamaEmbeddings,
  textsWithin,
} from '../wires/ollama-embed.ts'
import { keepMsIn, ollamaError, settingIn } from '../wires/ollama-line.ts'
import type { Json } from '../wires/request.ts'

export function ollamaVectors(prefix: string): Manner['routes'] {
  return {
    [`POST ${prefix}/api/embed`]: (host, request) =>
      vectors(host, request, {
        asked: readOllamaEmbed(request.body),
        mayCut: request.body['truncate'] !== false,
        tooLong: 400,
        none: ({ model }) => ({ model, embeddings: [] }),
        scribe: (question, dimensions) => ollamaEmbedScribe(question, request.body, dimensions),
      }),
    [`POST ${prefix}/api/embeddings`]: (host, request) =>
      vectors(host, request, {
        asked: readOllamaEmbeddings(request.body),
        mayCut: false,
        tooLong: 500,
        none: () => ({ embedding: [] }),
        scribe: ollamaEmbeddingsScribe,
      }),
  }
}

interface Wanted {
  readonly asked: Question | string
  readonly mayCut: boolean
  /** The status for a text that is too long. */
  readonly tooLong: number
  /** What is answered when there is no text: the model is loaded, and that is all. */
  readonly none: (question: Question) => Json
  readonly scribe: (question: Question, dimensions: number) => Scribe
}

async function vectors(host: Host, { body }: Request, wanted: Wanted): Promise<Inbound> {
  const refuse = (status: number, message: string): Inbound => host.refuse({ status, text: ollamaError(message) })
  const { asked } = wanted
  if (typeof asked === 'string') return refuse(400, asked)
  const model = host.modelCalled(asked.model)
  if (model === undefined) return refuse(404, `model ${JSON.stringify(asked.model)} not found, try pulling it first`)
  if (model.dimensions === undefined)
    return refuse(501, 'This server does not support embeddings. Start it with `--embeddings`')
  const keepMs = keepMsIn(body['keep_alive'])
  if (typeof keepMs === 'string') return refuse(400, keepMs)
  if (keepMs !== undefined) host.ledger.keepAlives += 1
  const setting = settingIn(body, model)
  if (asked.texts!.length === 0) {
    await host.bring(model.name, { setting, keepMs })
    return json(wanted.none(asked))
  }
  const { contextTokens } = setting
  const texts = wanted.mayCut ? cutTexts(asked.texts!, contextTokens) : textsWithin(asked.texts!, contextTokens)
  if (texts === undefined) return refuse(wanted.tooLong, 'the input length exceeds the context length')
  const question = { ...asked, texts, prompt: texts.join('\n'), setting, keepMs }
  return host.tell(question, wanted.scribe(question, model.dimensions))
}
