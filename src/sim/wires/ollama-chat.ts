import type { Question } from '../answer.ts'
import type { Scribe } from '../telling.ts'
import { brokeDown, busy, lineHead, metrics, ollamaError } from './ollama-line.ts'
import { argumentsIn, hasImages, heard, isJson, type Json, type Message, positive, toolToCall } from './request.ts'

/** What a body asks, or what is wrong with it. */
export function readOllamaChat(body: Json): Question | string {
  if (typeof body['model'] !== 'string' || body['model'] === '') return 'model is required'
  const messages = (body['messages'] ?? []) as readonly Message[]
  const wrong = messages.map(complaintAbout).find((complaint) => complaint !== undefined)
  if (wrong !== undefined) return wrong
  return {
    model: body['model'],
    // Unlike everybody else, it streams unless told not to.
    stream: body['stream'] !== false,
    ...heard(messages),
    hasImages: hasImages(messages),
    outputTokensMax: limitIn(body),
    // It does not know of any choice.
    tool: toolToCall({ tools: body['tools'] }, messages),
    format: formatIn(body),
  }
}

/** No tokens at all is for ever. */
export function limitIn(body: Json): number | undefined {
  const limit = isJson(body['options']) ? body['options']['num_predict'] : undefined
  return limit === 0 ? Infinity : positive(limit)
}

export function formatIn({ format }: Json): Question['format'] {
  return isJson(format) ? { schema: format } : format === 'json' ? { schema: undefined } : undefined
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

export function ollamaChatScribe(question: Question, epochMs: () => number): Scribe {
  const { tool } = question
  const head = lineHead(question.model, epochMs)
  // A call comes whole, so its pieces are gathered.
  let gathered = ''
  const call = (): string =>
    JSON.stringify([
      { id: 'call_x1y2z3ab', function: { index: 0, name: tool?.name, arguments: argumentsIn(gathered) } },
    ])
  return {
    streamType: 'application/x-ndjson',
    head: 'with a token',
    thought: (text) =>
      `${head()}"message":{"role":"assistant","content":"","thinking":${JSON.stringify(text)}},"done":false}\n`,
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
    whole({ text, thought }, told) {
      gathered = text
      const thinking = thought === '' ? '' : `,"thinking":${JSON.stringify(thought)}`
      const message =
        tool === undefined
          ? `{"role":"assistant","content":${JSON.stringify(text)}${thinking}}`
          : `{"role":"assistant","content":""${thinking},"tool_calls":${call()}}`
      return `${head()}"message":${message},"done":true,${metrics(told)}}`
    },
    refusal: (status) => ({ status, text: ollamaError(status === 503 ? busy : brokeDown) }),
  }
}

/** The answer to a request for no words: its model has come, or will go. */
export const chatErrand = (model: string, epochMs: number, reason: 'load' | 'unload'): string =>
  `${lineHead(model, () => epochMs)()}"message":{"role":"assistant","content":""},"done":true,"done_reason":"${reason}"}`
