import type { Backend } from '../core/backend.ts'
import type { Json } from '../core/json.ts'
import { refuseAddresses, refuseAddressesIn } from './media.ts'
import { changed, type Changes, type Fields, refusal, trim } from './trim.ts'

interface Manner {
  /** Dialect → what of it this kind of server may see. */
  readonly fields: Readonly<Record<string, Fields>>
  /** What else is to change. */
  readonly also?: (dialect: string, body: Json, changes: Changes | undefined) => Changes | undefined
}

/** The edits of servers at home that speak OpenAI's dialects. */
export function homeEdits({ fields, also }: Manner): NonNullable<Backend['edits']> {
  return (dialect, body) => {
    const known = fields[dialect]
    if (known === undefined) return undefined
    let changes = trim(body, known)
    if (dialect === 'openai-chat') {
      refuseAddresses(body['messages'], 'messages')
      changes = sayLimitTwice(body, changes)
    } else if (dialect === 'openai-responses') {
      refuseAddresses(body['input'], 'input')
      if (Array.isArray(body['tools'])) refuseAddressesIn(body['tools'], 'tools')
    }
    checkLeast(body)
    return also === undefined ? changes : also(dialect, body, changes)
  }
}

/**
 * Some servers know only the older of the two names for the limit, and answer without end; the others mind neither, and
 * where both are given the newer one counts.
 */
function sayLimitTwice(body: Json, changes: Changes | undefined): Changes | undefined {
  const limit = body['max_completion_tokens']
  if (typeof limit !== 'number' || limit <= 0 || body['max_tokens'] === limit) return changes
  return changed(changes, 'max_tokens', limit)
}

function checkLeast(body: Json): void {
  const least = body['min_tokens']
  if (typeof least !== 'number') return
  const limit = body['max_completion_tokens'] ?? body['max_tokens']
  if (typeof limit === 'number' && limit > 0 && least > limit)
    throw refusal('min_tokens', `must not be more than the limit of ${limit}`)
}
