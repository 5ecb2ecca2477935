import type { Question } from '../answer.ts'
import type { Scribe, Told } from '../telling.ts'
import { heard, isJson, type Message, positive, toolToCall } from './request.ts'

type Json = Record<string, unknown>

export const ollamaError = (message: string): string => JSON.stringify({ error: message })

const brokeDown = 'an error was encountered while running the model: unexpected EOF'

/** What a body asks, or what is wrong with it. */
export function readOllama(body: Json): Question | string {
  if (typeof body['model'] !== 'string' || body['model'] === '') return 'model is required'
  const messages = (body['messages'] ?? []) as readonly Message[]
  const wrong = messages.map(complaintAbout).find((complaint) => complaint !== undefined)
  if (wrong !== undefined) return wrong
  const options = isJson(body['options']) ? body['options'] : {}
  const limit = options['num_predict']
  const format = body['format']
  return {
    model: body['model'],
    // Unlike everybody else, it streams unless told not to.
    stream: body['stream'] !== false,
    ...heard(messages),
    outputTokensMax: limit === 0 ? Infinity : positive(limit),
    tool: toolToCall(body, messages),
    format: isJson(format) ? { schema: format } : format === 'json' ? { schema: undefined } : undefined,
  }
}

function complaintAbout({ content, tool_calls: calls }: Message): string | undefined {
  if (content !== undefined && content !== null && typeof content !== 'string') {
    return 'json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string'
  }
  for (const call of Array.isArray(calls) ? (calls as unknown[]) : []) {
    const fn = isJson(call) ? call['function'] : undefined
    if (isJson(fn) && typeof fn['arguments'] === 'string')
      return "Value looks like object, but can't find closing '}' symbol"
  }
  return undefined
}

export function ollamaScribe(question: Question, epochMs: () => number): Scribe {
  const { tool } = question
  const model = JSON.stringify(question.model)
  const head = (): string => `{"model":${model},"created_at":"${dateOf(epochMs())}",`
  // A call comes whole, so its pieces are gathered.
  let gathered = ''
  const call = (): string =>
    JSON.stringify([
      { id: 'call_x1y2z3ab', function: { index: 0, name: tool?.name, arguments: argumentsOf(gathered) } },
    ])
  return {
    streamType: 'application/x-ndjson',
    headFirst: false,
    token(text) {
      if (tool === undefined)
        return `${head()}"message":{"role":"assistant","content":${JSON.stringify(text)}},"done":false}\n`
      gathered += text
      return ''
    },
    closing(told) {
      const calls =
        tool === undefined
          ? ''
          : `${head()}"message":{"role":"assistant","content":"","tool_calls":${call()}},"done":false}\n`
      return `${calls}${head()}"message":{"role":"assistant","content":""},"done":true,${metrics(told)}}\n`
    },
    trouble: () => `${ollamaError(brokeDown)}\n`,
    whole(text, told) {
      gathered = text
      const message =
        tool === undefined
          ? `{"role":"assistant","content":${JSON.stringify(text)}}`
          : `{"role":"assistant","content":"","tool_calls":${call()}}`
      return `${head()}"message":${message},"done":true,${metrics(told)}}`
    },
    refusal: (status) =>
      ollamaError(status === 503 ? 'server busy, please try again.  maximum pending requests exceeded' : brokeDown),
  }
}

/** Durations in nanoseconds; what is zero is left out. */
function metrics({ answer, run, endedAt }: Told): string {
  const fields: Json = {
    done_reason: answer.finish,
    total_duration: nanoseconds(endedAt - run.submittedAt),
    load_duration: nanoseconds(run.loadMs),
    prompt_eval_count: run.job.promptTokens,
    prompt_eval_duration: nanoseconds(run.firstTokenAt - run.startedAt),
    eval_count: run.said,
    eval_duration: nanoseconds(endedAt - run.firstTokenAt),
  }
  return JSON.stringify(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== 0))).slice(1, -1)
}

const nanoseconds = (ms: number): number => Math.round(ms * 1e6)

/** Cut off by the limit, the arguments are no JSON; the server then gives none. */
function argumentsOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

let dated = { epochMs: NaN, date: '' }

/** With nine digits behind the second, as Go writes it. All who speak in one step share the instant. */
function dateOf(epochMs: number): string {
  if (dated.epochMs === epochMs) return dated.date
  const at = Math.floor(epochMs)
  const date = `${new Date(at).toISOString().slice(0, -1)}${String(Math.floor((epochMs - at) * 1e6)).padStart(6, '0')}Z`
  dated = { epochMs, date }
  return date
}
