import { Fault } from '../../core/fault.ts'
import { isObject } from '../../core/json.ts'
import { faultInBand, inObject, inText } from '../complaint.ts'
import { errorOf } from '../openai/faults.ts'

/** The statuses behind the codes, where a stream has no status to tell. */
const statuses: ReadonlyMap<string | undefined, number> = new Map([
  ['rate_limit_exceeded', 429],
  ['insufficient_quota', 429],
  ['server_is_overloaded', 503],
  ['slow_down', 503],
  ['invalid_prompt', 400],
  ['invalid_image', 400],
  ['image_parse_error', 400],
  ['model_not_found', 404],
])

/** What an error within a stream meant, or that of a response that failed. */
export function readError(error: unknown): Fault {
  if (typeof error === 'string') return faultInBand(inText(error))
  if (!isObject(error)) return gaveUp()
  const complaint = inObject(error)
  return faultInBand({ ...complaint, status: complaint.status ?? statuses.get(complaint.code) })
}

export const gaveUp = (): Fault => new Fault('upstream-broke', 'The server gave up in the middle of its answer.')

/**
 * Behind whatever was said before, so that nobody drops it as already seen. It does not know the number of the frame before
 * it, and the clients of OpenAI in other languages read these numbers into 32 bits.
 */
const lastNumbers = [2_147_483_646, 2_147_483_647] as const

/**
 * The error twice, as OpenAI sends it: the official clients throw at the one, in the form of their documents and in the one
 * they are really sent; Codex hears only the other. Whoever hears both tells it once, in this order.
 */
export function faultFrame(fault: Fault): string {
  const error = errorOf(fault)
  const { message, param } = error
  const code = codeFor(fault)
  const said = { type: 'error', sequence_number: lastNumbers[0], code: error.code, message, param, error }
  const response = {
    id: 'resp_failed',
    object: 'response',
    created_at: 0,
    status: 'failed',
    error: { code, message: code === 'rate_limit_exceeded' ? message + waitFor(fault) : message },
    incomplete_details: null,
    output: [],
    usage: null,
  }
  const failed = { type: 'response.failed', sequence_number: lastNumbers[1], response }
  return `event: error\ndata: ${JSON.stringify(said)}\n\nevent: response.failed\ndata: ${JSON.stringify(failed)}\n\n`
}

/**
 * Codex gives a turn up at any status of 400 and 429. Within a stream it acts on what it is told: it shortens its history,
 * or comes back when there is room.
 */
export const hearsInStream = (fault: Fault, header: (name: string) => string | undefined): boolean =>
  header('originator')?.startsWith('codex') === true && codeFor(fault) !== 'server_error'

/** One of the codes that Codex knows and acts on. */
function codeFor({ kind }: Fault): string {
  switch (kind) {
    case 'context-overflow':
      return 'context_length_exceeded'
    case 'rate-limited':
    case 'queue-full':
    case 'patience-spent':
      return 'rate_limit_exceeded'
    case 'over-budget':
      return 'insufficient_quota'
    case 'upstream-busy':
    case 'no-upstream':
    case 'shutting-down':
      return 'server_is_overloaded'
    default:
      return 'server_error'
  }
}

/** Codex reads the delay out of this very sentence. */
const waitFor = ({ comeBackMs }: Fault): string =>
  comeBackMs === undefined ? '' : ` Please try again in ${comeBackMs / 1_000}s.`
