import type { Fault, Nature, Pairing } from './fault.ts'

interface Saying {
  /** The whole body; the server's own kind of complaint where there is none. */
  readonly text?: string
  readonly type?: string
  readonly message?: string
  readonly word?: string
  readonly headers?: readonly string[]
  readonly where?: (pairing: Pairing) => boolean
  readonly slow?: boolean
}

/** An answer that says with its status that it is none. */
function status(name: string, line: string, nature: Nature, saying: Saying = {}): Fault {
  const { text, type = 'application/json', message = 'Something is wrong.', word = 'api_error', headers = [] } = saying
  const number = Number(line.slice(0, 3))
  return {
    name,
    phases: ['head'],
    nature,
    ...(saying.where !== undefined && { where: saying.where }),
    ...(saying.slow !== undefined && { slow: saying.slow }),
    status: number,
    strike: (exchange) => {
      const body = Buffer.from(text ?? exchange.wire.refusal({ status: number, message, word }))
      const lines = [`Content-Type: ${type}`, `Content-Length: ${body.length}`, ...headers]
      exchange.say(`HTTP/1.1 ${line}\r\n${lines.map((one) => `${one}\r\n`).join('')}\r\n`)
      exchange.say(body)
    },
  }
}

const page = '<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>'

const soon = (): string => new Date(Date.now() + 1_000).toUTCString()

export const statuses: readonly Fault[] = [
  status('500', '500 Internal Server Error', 'broken'),
  status('500-empty', '500 Internal Server Error', 'broken', { text: '' }),
  status('500-nonsense', '500 Internal Server Error', 'broken', { text: '{"error":{"message":17' }),
  status('502-html', '502 Bad Gateway', 'broken', { text: page, type: 'text/html' }),
  status('504-html', '504 Gateway Time-out', 'broken', { text: page, type: 'text/html' }),
  status('408', '408 Request Timeout', 'broken'),
  status('503', '503 Service Unavailable', 'busy'),
  status('503-html', '503 Service Unavailable', 'busy', { text: page, type: 'text/html' }),
  status('503-loading', '503 Service Unavailable', 'busy', {
    text: '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}',
    where: ({ server }) => server === 'llamacpp' || server === 'openai-compatible',
    // It is asked again for as long as the caller has patience.
    slow: true,
  }),
  status('503-queue-full', '503 Service Unavailable', 'busy', {
    text: '{"error":"server busy, please try again.  maximum pending requests exceeded"}',
    where: ({ server }) => server === 'ollama',
  }),
  status('529', '529 Overloaded', 'busy', { message: 'Overloaded', word: 'overloaded_error' }),
  status('429', '429 Too Many Requests', 'busy', { word: 'rate_limit_error' }),
  status('429-seconds', '429 Too Many Requests', 'busy', { word: 'rate_limit_error', headers: ['Retry-After: 1'] }),
  status('429-ms', '429 Too Many Requests', 'busy', { word: 'rate_limit_error', headers: ['retry-after-ms: 300'] }),
  status('429-date', '429 Too Many Requests', 'busy', {
    word: 'rate_limit_error',
    headers: [`Retry-After: ${soon()}`],
  }),
  status('429-nonsense', '429 Too Many Requests', 'busy', {
    word: 'rate_limit_error',
    headers: ['Retry-After: a moment', 'retry-after-ms: -5'],
  }),
  status('401', '401 Unauthorized', 'denied', { message: 'Incorrect API key provided: sk-secret-of-the-house.' }),
  status('402', '402 Payment Required', 'denied'),
  status('403', '403 Forbidden', 'denied'),
  status('407', '407 Proxy Authentication Required', 'denied'),
  status('404-route', '404 Not Found', 'denied', { text: '404 page not found', type: 'text/plain' }),
  status('404-model', '404 Not Found', 'missing', { message: 'model "it" not found, try pulling it first' }),
  status('400', '400 Bad Request', 'refused', { message: 'Wrong.', word: 'invalid_request_error' }),
  status('413', '413 Content Too Large', 'refused', { message: 'Too much.', word: 'request_too_large' }),
  status('422', '422 Unprocessable Content', 'refused', { message: 'Not so.', word: 'invalid_request_error' }),
  status('301', '301 Moved Permanently', 'denied', { headers: ['Location: http://127.0.0.1:1/trap'] }),
  status('302', '302 Found', 'denied', { headers: ['Location: http://127.0.0.1:1/trap'], text: '' }),
  status('307', '307 Temporary Redirect', 'denied', { headers: ['Location: http://127.0.0.1:1/trap'] }),
  {
    name: '204',
    phases: ['head'],
    nature: 'broken',
    strike: (exchange) => exchange.say('HTTP/1.1 204 No Content\r\n\r\n'),
  },
  status('206', '206 Partial Content', 'broken'),
  status('200-empty', '200 OK', 'broken', { text: '' }),
  status('200-html', '200 OK', 'broken', { text: page, type: 'text/html' }),
  status('200-error', '200 OK', 'broken', { message: 'The engine broke down.' }),
  status('200-null', '200 OK', 'broken', { text: 'null' }),
  status('200-list', '200 OK', 'broken', { text: '[]' }),
  // A frame without anything in it is passed on, where frames are.
  status('200-object', '200 OK', 'broken', { text: '{}', where: ({ passes, stream }) => !(stream && passes) }),
  status('200-deep', '200 OK', 'broken', { text: '['.repeat(50_000) }),
]
