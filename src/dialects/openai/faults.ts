import { Fault } from '../../core/fault.ts'
import type { Json } from '../../core/json.ts'
import { complaintUnder200 } from '../complaint.ts'
import { asBuffer } from '../members.ts'
import { type Times, timesOf } from '../times.ts'
import { usageOf } from './usage.ts'
import { noObject } from '../whole.ts'

/** An error as the official clients read it: they choose by status, people by the code and the sentence. */
export const writeFault = (fault: Fault): Json => ({ error: errorOf(fault) })

export interface OpenAiError extends Times {
  readonly message: string
  readonly type: string
  readonly param: null
  readonly code: string
}

export function errorOf(fault: Fault): OpenAiError {
  return { message: messageOf(fault), type: typeOf(fault.status), param: null, code: fault.code, ...timesOf(fault) }
}

/** Clients end the stream at this frame; `[DONE]` behind it would tell others that all is well. */
export const faultFrame = (fault: Fault): string => `data: ${JSON.stringify(writeFault(fault))}\n\n`

/** Agents read the numbers out of this very sentence to shorten their history. */
function messageOf({ kind, message, tokens }: Fault): string {
  if (kind !== 'context-overflow' || tokens === undefined) return message
  const { prompt, max, output } = tokens
  if (output !== undefined) {
    return (
      `This model's maximum context length is ${max} tokens. However, you requested ${prompt + output} tokens ` +
      `(${prompt} in the messages, ${output} in the completion). Please reduce the length of the messages or completion.`
    )
  }
  return (
    `This model's maximum context length is ${max} tokens. However, your messages resulted in ${prompt} tokens. ` +
    'Please reduce the length of the messages.'
  )
}

const unended = '"finish_reason":null'
const backslash = 0x5c

/**
 * An answer in one piece that never said why it ended, and counts nothing: Ollama's guard against repetition leaves it so.
 * It would do so anywhere, so nobody should try again.
 */
export function faultIn(answer: Uint8Array): Fault | undefined {
  const torn = noObject(answer)
  if (torn !== undefined) return torn
  const bytes = asBuffer(answer)
  const at = bytes.lastIndexOf(unended)
  // Behind a backslash it is a quote within a text.
  if (at > 0 && bytes[at - 1] !== backslash && !((usageOf(answer)?.outputTokens ?? 0) > 0)) {
    return new Fault('upstream-refused', 'The server stopped in the middle of its answer and did not say why.', {
      status: 502,
      code: 'upstream_error',
    })
  }
  return complaintUnder200(answer)
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
