import { Fault } from '../../core/fault.ts'
import type { FaultKind } from '../../core/fault.ts'
import type { Json } from '../../core/json.ts'
import { complaintUnder200 } from '../complaint.ts'
import { Members } from '../members.ts'
import { timesOf } from '../times.ts'
import { noObject } from '../whole.ts'

/** An error as Anthropic's clients read it: they choose by status, some of them by the type, Claude Code by the words. */
export const writeFault = (fault: Fault, requestId?: string): Json => ({
  type: 'error',
  error: { type: typeOf(fault), message: messageOf(fault), details: { error_code: fault.code }, ...timesOf(fault) },
  ...(requestId !== undefined && { request_id: requestId }),
})

/** After it nothing follows: a stream without its `message_stop` is not whole. */
export const faultFrame = (fault: Fault): string => `event: error\ndata: ${JSON.stringify(writeFault(fault))}\n\n`

const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  409: 'conflict_error',
  413: 'request_too_large',
  415: 'invalid_request_error',
  417: 'invalid_request_error',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

/**
 * Refused for want of room: a limit of one's own it is not. Anthropic would say 529; here the status is what it is in all
 * dialects, and Anthropic's clients ask again after a 429 or 503 just as they do after a 529.
 */
const crowded: ReadonlySet<FaultKind> = new Set(['queue-full', 'patience-spent', 'upstream-busy', 'no-upstream'])

function typeOf({ kind, status }: Fault): string {
  if (crowded.has(kind)) return 'overloaded_error'
  return types[status] ?? (status >= 400 && status < 500 ? 'invalid_request_error' : 'api_error')
}

const unknownModel = 'model_not_found'

/** Claude Code reads the numbers out of these very sentences, and then asks for less or shortens its history. */
function messageOf({ kind, code, message, tokens }: Fault): string {
  if (code === unknownModel && !message.startsWith('model: ')) return `model: ${message}`
  if (kind !== 'context-overflow' || tokens === undefined) return message
  const { prompt, max, output } = tokens
  if (output === undefined) return `prompt is too long: ${prompt} tokens > ${max} maximum`
  return (
    `input length and \`max_tokens\` exceed context limit: ${prompt} + ${output} > ${max}, ` +
    'decrease input length or `max_tokens` and try again'
  )
}

/** An answer in one piece without a reason for its end has none: Ollama's guard against repetition leaves it so. */
export function faultIn(answer: Uint8Array): Fault | undefined {
  const torn = noObject(answer)
  if (torn !== undefined) return torn
  const members = new Members(answer)
  let isMessage = false
  let hasEnded = false
  while (members.next()) {
    const key = members.key()
    if (key === 'type') isMessage = members.valueIs('message')
    else if (key === 'stop_reason') hasEnded = typeof members.value() === 'string'
  }
  if (!isMessage) return complaintUnder200(answer)
  if (hasEnded) return undefined
  return new Fault('upstream-refused', 'The server stopped in the middle of its answer and did not say why.', {
    status: 502,
    code: 'upstream_error',
  })
}
