import { Fault, type OverflowTokens } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'
import { asBuffer, Members, parsed } from './members.ts'
import { noObject } from './whole.ts'

/** An upstream's complaint, whichever of the shapes in use it came in. */
export interface Complaint {
  readonly message: string
  /** Its own word for the kind of error: `code` where that is a word, else nothing. */
  readonly code: string | undefined
  readonly type: string | undefined
  /** The HTTP status it names itself: the only one there is for an error in mid-stream. */
  readonly status: number | undefined
  readonly tokens: OverflowTokens | undefined
}

/** Servers put whole documents into their messages; a person reads no more than this. */
const messageMax = 500

/**
 * Finds the complaint in a parsed answer: `{error: "…"}`, `{error: {…}}`, flat `{object: "error", …}`, `{detail: …}`, and
 * any of them once more as JSON inside the text. Undefined for an answer that complains of nothing.
 */
export function complaintIn(answer: unknown): Complaint | undefined {
  if (!isObject(answer)) return undefined
  const { error, object, detail } = answer
  if (typeof error === 'string' && error !== '') return inText(error)
  if (isObject(error)) return inObject(error)
  if (object === 'error') return inObject(answer)
  if (detail !== undefined && answer['choices'] === undefined && answer['message'] === undefined) {
    return inText(typeof detail === 'string' ? detail : JSON.stringify(detail))
  }
  return undefined
}

/** A complaint made in plain words. */
export function inText(text: string): Complaint {
  const nested = text.trimStart().startsWith('{') ? complaintIn(parsed(text)) : undefined
  if (nested !== undefined) return nested
  return { message: shortened(text), code: undefined, type: undefined, status: undefined, tokens: tokensIn(text) }
}

/** The bare `{code, message, type}`. */
export function inObject(error: Json): Complaint {
  const { message, code, type, details, n_prompt_tokens: prompt, n_ctx: max } = error
  const text = typeof message === 'string' ? message : JSON.stringify(error)
  const nested = text.startsWith('{"error"') ? complaintIn(parsed(text)) : undefined
  if (nested !== undefined) return nested
  const status = Number(code)
  const isStatus = Number.isInteger(status) && status >= 400 && status <= 599
  const word = typeof type === 'string' ? type : undefined
  // Anthropic has its codes one level deeper.
  const inner = isObject(details) ? details['error_code'] : undefined
  const said = typeof code === 'string' && !isStatus ? code : inner
  return {
    message: shortened(text),
    code: typeof said === 'string' ? said : undefined,
    type: word,
    status: isStatus ? status : statuses.get(word ?? ''),
    tokens: typeof prompt === 'number' && typeof max === 'number' ? { prompt, max } : tokensIn(text),
  }
}

/** Anthropic's words for the kinds of errors, which in mid-stream are all there is. */
const statuses: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['timeout_error', 504],
  ['overloaded_error', 529],
])

/** What an error answer with a status of its own meant. */
export function readFault(answer: { status: number; body: string; retryAfterMs: number | undefined }): Fault {
  const json = parsed(answer.body)
  const complaint = complaintIn(json) ?? inText(isObject(json) || isPage(answer.body) ? '' : answer.body.trim())
  return faultOf(complaint, answer.status, answer.retryAfterMs)
}

/** The page of a proxy in between, which is for people with browsers. */
const isPage = (body: string): boolean => /^\s*<(?:!doctype|html|head|body|\?xml)\b/i.test(body)

/** What an error in mid-stream meant. */
export const faultInBand = (complaint: Complaint): Fault => faultOf(complaint, complaint.status ?? 500, undefined)

/** What an answer in one piece complains of although its status says that all is well. Only a suspect one is parsed. */
export function complaintUnder200(answer: Uint8Array): Fault | undefined {
  const torn = noObject(answer)
  if (torn !== undefined) return torn
  const members = new Members(answer)
  while (members.next()) {
    const key = members.key()
    // An answer has one of these: what stands behind it is not looked for.
    if (contents.has(key)) return undefined
    if (key === 'error' || key === 'detail' || (key === 'object' && members.valueIs('error'))) {
      const complaint = complaintIn(parsed(asBuffer(answer).toString('utf8')))
      if (complaint !== undefined) return faultInBand(complaint)
    }
  }
  return new Fault('upstream-broke', 'The server answered with something that holds nothing of an answer.')
}

/** What the answers of all dialects have in them. */
const contents: ReadonlySet<string> = new Set([
  'choices',
  'message',
  'content',
  'response',
  'output',
  'data',
  'embedding',
  'embeddings',
])

function faultOf(complaint: Complaint, status: number, retryAfterMs: number | undefined): Fault {
  const { message, code, type, tokens } = complaint
  const said = { cause: new Error(`HTTP ${status}`), told: true }
  // The parallel answers of llama-server share one context; when that is full, all of them end. It is the crowd's fault.
  if (sharedContextFull.test(message)) {
    return new Fault('upstream-busy', 'The server ran out of room for all the answers it was writing.', said)
  }
  // A server whose bill is not paid says so as if it were busy, or as if the request were wrong.
  if (accountCodes.test(code ?? type ?? '') || accountTexts.test(message)) return turnedAway(status, said, true)
  if (status === 429 || status === 503 || status === 529) {
    if (stillLoading.test(message)) {
      return new Fault('upstream-loading', 'The server is still loading the model.', { ...said, retryAfterMs })
    }
    return new Fault('upstream-busy', sentence('The server is busy', message), { ...said, retryAfterMs })
  }
  if (status < 400) {
    const text = `The server wanted to send the gateway elsewhere (HTTP ${status}), which it does not follow: check its url.`
    return new Fault('upstream-denied', text, said)
  }
  // What it says of a wrong key may quote the key. That one request is forbidden need not hold for the next.
  if (status === 401 || status === 402 || status === 403 || status === 407) {
    return turnedAway(status, said, status !== 403)
  }
  if (status === 408 || status === 504) {
    // Somebody in front of it tired of waiting. The server itself may be at work on the request still.
    const text = sentence('The server gave up waiting', message)
    return new Fault('upstream-slow', text, { ...said, told: false, retryAfterMs })
  }
  if (isOverflow(complaint)) return new Fault('context-overflow', message, { ...said, tokens })
  if (status === 501) return new Fault('not-supported', message, said)
  if (status >= 500 && !callersFaults.test(message)) {
    const text = sentence('The server failed', isMarkup(message) ? `HTTP ${status}` : message)
    return new Fault('upstream-broke', text, { ...said, retryAfterMs, passing: runnerGone.test(message) })
  }
  if ((status === 404 || status === 405) && (noSuchRoute.test(message) || isMarkup(message))) {
    const text = `The server does not know this API (HTTP ${status}): check its kind and url.`
    return new Fault('upstream-denied', text, said)
  }
  // llama-server's router says 400 for a model it does not know.
  if (noSuchModel.test(message) || (status === 404 && justTheModel.test(message)))
    return new Fault('model-missing', message, { ...said, code })
  const text = message === '' || isMarkup(message) ? `The server refused the request (HTTP ${status}).` : message
  return new Fault('upstream-refused', text, { ...said, status: status < 500 ? status : 400, code })
}

const turnedAway = (status: number, said: { readonly cause: Error; readonly told: boolean }, lasting: boolean): Fault =>
  new Fault(
    'upstream-denied',
    `The server turned the gateway away (HTTP ${status}): check its url, its api_key and its account.`,
    { ...said, lasting },
  )

/** A page for a browser, from whatever stands in front of the server: no caller has use for it. */
const isMarkup = (message: string): boolean => message.startsWith('<')

/** llama-server's, and that of services which start a model when it is asked for. */
const stillLoading = /^loading model|model .*\bis (currently )?loading/i

/** Ollama's, of a model whose process has died: the next request starts it anew, and so those that waited for it are told. */
const runnerGone = /process no longer running|model runner has unexpectedly stopped/

/** What no waiting cures: OpenAI's, then Anthropic's. */
const accountCodes =
  /^insufficient_quota$|^billing_hard_limit_reached$|_spend_limit_reached$|_billing_unavailable$|^organization_on_hold$/
const accountTexts = /^Your credit balance is too low/

const overflowTexts =
  /maximum context length|context (size|length|window)|prompt is too long|longer than the (model's )?context|exceed context limit|Trying to keep the first/i

function isOverflow({ message, code, type }: Complaint): boolean {
  return type === 'exceed_context_size_error' || code === 'context_length_exceeded' || overflowTexts.test(message)
}

const sharedContextFull = /^Context size has been exceeded/i

const noSuchRoute = /^(404 page not found|405 method not allowed|file not found|not found|method not allowed)?\.?$/i

const noSuchModel = /\bmodel\b.* (not found|does not exist)/i
/** All that Anthropic says of it. */
const justTheModel = /^model: /

/** What servers answer with a 500 though only the caller can mend it: every retry would fail the same way. */
const callersFaults = new RegExp(
  [
    'option ".*" must be of type', // Ollama, from here
    'invalid option',
    'invalid (JSON schema in )?format',
    'Failed to parse (tools|messages|tool_choice)', // llama-server, from here
    'does not support logits computation',
    '(image|audio) input is not supported',
    'is too large to process',
    'JSON schema conversion failed',
  ].join('|'),
  'i',
)

const counts: readonly RegExp[] = [
  /request \((?<prompt>\d+) tokens\) exceeds the available context size \((?<max>\d+) tokens\)/,
  /context length is (?<max>\d+) tokens\. However, you requested \d+ tokens \((?<prompt>\d+) in the messages, (?<output>\d+) in the completion/,
  /context length is (?<max>\d+) tokens\. However, (your messages resulted in|your request has|you requested) (?<prompt>\d+)/,
  /Input length \((?<prompt>\d+)\) exceeds model's maximum context length \((?<max>\d+)\)/,
  /The input \((?<prompt>\d+) tokens\) is longer than the model's context length \((?<max>\d+) tokens\)/,
  /context length of (?<max>\d+) tokens\. You requested a total of (?<prompt>\d+)/,
  /prompt is too long: (?<prompt>\d+) tokens > (?<max>\d+) maximum/,
  /exceed context limit: (?<prompt>\d+) \+ (?<output>\d+) > (?<max>\d+)/,
]

function tokensIn(text: string): Complaint['tokens'] {
  for (const form of counts) {
    const groups = form.exec(text)?.groups
    if (groups === undefined) continue
    const prompt = Number(groups['prompt'])
    const max = Number(groups['max'])
    // A prompt that is too long by itself is not helped by a shorter answer.
    return groups['output'] === undefined || prompt >= max
      ? { prompt, max }
      : { prompt, max, output: Number(groups['output']) }
  }
  return undefined
}

const sentence = (claim: string, message: string): string => (message === '' ? `${claim}.` : `${claim}: ${message}`)

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > messageMax ? `${line.slice(0, messageMax)}…` : line
}
