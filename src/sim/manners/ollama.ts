import type { Inbound } from '../../core/world.ts'
import type { Question } from '../answer.ts'
import { contextOf, type Host, type Manner, type Request, type Route } from '../manner.ts'
import { jsonAnswer, textAnswer } from '../responses.ts'
import type { ModelSpec } from '../server-spec.ts'
import type { Scribe } from '../telling.ts'
import { ollamaAccent } from '../wires/accents.ts'
import { ollamaAnthropicAccent } from '../wires/anthropic-accents.ts'
import { chatErrand, ollamaChatScribe, readOllamaChat } from '../wires/ollama-chat.ts'
import { generateErrand, isWordless, ollamaGenerateScribe, readOllamaGenerate } from '../wires/ollama-generate.ts'
import { fitted, keepMsIn, ollamaError, settingIn } from '../wires/ollama-line.ts'
import { messages } from './anthropic-routes.ts'
import { ollamaModels } from './ollama-models.ts'
import { ollamaVectors } from './ollama-vectors.ts'
import { openAiRoutes } from './openai-routes.ts'

/** `llama3` is `llama3:latest`, in any case. */
function ollamaModelCalled(models: readonly ModelSpec[], name: string): ModelSpec | undefined {
  const wished = name.toLowerCase()
  return (
    models.find((model) => model.name === name) ??
    models.find((model) => [wished, `${wished}:latest`].includes(model.name.toLowerCase()))
  )
}

/** In the dialects of others nobody can say how a model is to be loaded, and so it is loaded in the usual way. */
const loaded = (host: Host, question: Question): Question => ({
  ...question,
  setting: settingIn({}, host.modelCalled(question.model)!),
})

const unknown = (name: string): string => `model '${name}' not found`

export const ollama: Manner = {
  modelCalled: ollamaModelCalled,
  wrongMethod: 405,
  error(status, message) {
    if (status === 404) return textAnswer(404, '404 page not found')
    return status === 405 ? textAnswer(405, '405 method not allowed') : jsonAnswer(status, ollamaError(message))
  },
  routes: {
    'GET /': () => textAnswer(200, 'Ollama is running'),
    'HEAD /': () => textAnswer(200, ''),
    ...openAiRoutes({
      accent: ollamaAccent,
      unknown: (name) => ({ status: 404, text: ollamaAccent.error(404, unknown(name)) }),
      // It cannot be told not to cut.
      within: (question, contextTokens) => fitted(question, contextTokens, true) as Question,
      takesTokens: false,
      loaded,
    }),
    'POST /v1/messages': (host, request) =>
      messages(
        {
          accent: ollamaAnthropicAccent,
          idPrefix: 'msg_',
          thinksUnasked: true,
          limitUsual: undefined,
          limitMissing: 'max_tokens is required and must be positive',
          unknown,
          within: (question, contextTokens) => fitted(question, contextTokens, true) as Question,
          loaded,
        },
        host,
        request,
      ),
    ...ollamaModels(''),
    ...ollamaVectors(''),
    ...ollamaTalk('', true),
  },
}

/** Chat and completion, as Ollama and those have it who act like it: they load nothing and keep nothing. */
export function ollamaTalk(prefix: string, minds: boolean): Manner['routes'] {
  const chat: Route = (host, request) =>
    talk(host, request, minds, {
      asked: readOllamaChat(request.body),
      task: 'chat',
      scribe: (question) => ollamaChatScribe(question, () => host.clock.epochMs()),
      isErrand: () => !Array.isArray(request.body['messages']) || request.body['messages'].length === 0,
      errand: chatErrand,
    })
  const generate: Route = (host, request) =>
    talk(host, request, minds, {
      asked: readOllamaGenerate(request.body),
      task: 'generate',
      scribe: (question) => ollamaGenerateScribe(question, request.body, () => host.clock.epochMs()),
      isErrand: isWordless,
      errand: generateErrand,
    })
  return { [`POST ${prefix}/api/chat`]: chat, [`POST ${prefix}/api/generate`]: generate }
}

interface Talk {
  readonly asked: Question | string
  readonly task: string
  readonly scribe: (question: Question) => Scribe
  readonly isErrand: (question: Question) => boolean
  readonly errand: (model: string, epochMs: number, reason: 'load' | 'unload') => string
}

function talk(host: Host, { body }: Request, minds: boolean, about: Talk): Inbound | Promise<Inbound> {
  const refuse = (status: number, message: string): Inbound => host.refuse({ status, text: ollamaError(message) })
  const { asked, task } = about
  if (typeof asked === 'string') return refuse(400, asked)
  const model = host.modelCalled(asked.model)
  if (model === undefined) return refuse(404, unknown(asked.model))
  if (model.dimensions !== undefined) return refuse(400, `"${asked.model}" does not support ${task}`)
  if (body['think'] === true && model.thinks !== true) return refuse(400, `"${asked.model}" does not support thinking`)
  if (asked.hasImages === true && model.sees !== true)
    return refuse(400, 'this model is missing data required for image input')
  if (typeof body['suffix'] === 'string' && body['suffix'] !== '')
    return refuse(400, `registry.ollama.ai/library/${asked.model} does not support insert`)
  const keepMs = minds ? keepMsIn(body['keep_alive']) : undefined
  if (typeof keepMs === 'string') return refuse(400, keepMs)
  if (keepMs !== undefined) host.ledger.keepAlives += 1
  const setting = minds ? settingIn(body, model) : undefined
  if (minds && about.isErrand(asked)) return errand(host, asked, { keepMs, setting }, about)
  const kept = fitted(asked, setting?.contextTokens ?? contextOf(host, model), body['truncate'] !== false)
  if (typeof kept === 'string') return refuse(400, kept)
  const thinks = model.thinks === true && body['think'] !== false
  const question = { ...kept, thinks, setting, keepMs }
  return host.tell(question, about.scribe(question))
}

type Wishes = Pick<Question, 'keepMs' | 'setting'>

async function errand(host: Host, asked: Question, wishes: Wishes, { errand: done }: Talk): Promise<Inbound> {
  const { name } = host.modelCalled(asked.model)!
  if (wishes.keepMs === 0) {
    host.engine.release(name)
    return jsonAnswer(200, done(asked.model, host.clock.epochMs(), 'unload'))
  }
  const how = await host.bring(name, wishes)
  return how === 'whole'
    ? jsonAnswer(200, done(asked.model, host.clock.epochMs(), 'load'))
    : jsonAnswer(500, ollamaError('llama-server process has terminated: exit status 1'))
}
