import type { Fault } from '../../core/fault.ts'
import type { Json } from '../../core/json.ts'

/** An error as the official clients read it: they choose by status, people by the code and the sentence. */
export function writeFault(fault: Fault): Json {
  return { error: { message: messageOf(fault), type: typeOf(fault.status), param: null, code: fault.code } }
}

/** Clients end the stream at this frame; `[DONE]` behind it would tell others that all is well. */
export const faultFrame = (fault: Fault): string => `data: ${JSON.stringify(writeFault(fault))}\n\n`

/** Agents read the numbers out of this very sentence to shorten their history. */
function messageOf({ kind, message, tokens }: Fault): string {
  if (kind !== 'context-overflow' || tokens === undefined) return message
  const { prompt, max } = tokens
  return (
    `This model's maximum context length is ${max} tokens. However, your messages resulted in ${prompt} tokens. ` +
    'Please reduce the length of the messages.'
  )
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
