import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../src/core/fault.ts'
import { NetFault } from '../../src/core/world.ts'
import { dialectById } from '../../src/dialects/index.ts'
import { endingFor } from '../../src/dispatch/endings.ts'
import type { Ending } from '../../src/fleet/limit.ts'

/** What servers answer, in their own words, and whom it says something about. */
const answers: readonly (readonly [who: string, dialect: string, status: number, body: string, ending: Ending])[] = [
  [
    'Ollama, its queue full',
    'ollama-chat',
    503,
    '{"error":"server busy, please try again.  maximum pending requests exceeded"}',
    'overloaded',
  ],
  [
    'Ollama, its runner gone',
    'ollama-chat',
    500,
    '{"error":"llama-server process no longer running: unknown "}',
    'failed',
  ],
  [
    'Ollama, its model too large',
    'ollama-chat',
    500,
    '{"error":"llama-server process has terminated: exit status 1"}',
    'failed',
  ],
  [
    'Ollama, an option of the wrong type',
    'ollama-chat',
    500,
    '{"error":"option \\"temperature\\" must be of type float32"}',
    'ignored',
  ],
  [
    'llama-server, loading',
    'openai-chat',
    503,
    '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}',
    // It is left alone for a moment; how many fit, it does not say.
    'ignored',
  ],
  [
    'llama-server, its context full',
    'openai-chat',
    500,
    '{"error":{"code":500,"message":"Context size has been exceeded.","type":"server_error"}}',
    'overloaded',
  ],
  [
    'vLLM, its queue full',
    'openai-chat',
    503,
    '{"error":{"message":"The server is overloaded.","type":"ServiceUnavailable","code":503}}',
    'overloaded',
  ],
  [
    'vLLM, its engine dead',
    'openai-chat',
    500,
    '{"error":{"message":"EngineCore encountered an issue.","type":"InternalServerError","code":500}}',
    'failed',
  ],
  [
    'SGLang, its queue full',
    'openai-chat',
    503,
    '{"object":"error","message":"The request queue is full.","type":"service_unavailable","code":503}',
    'overloaded',
  ],
  ['TGI, overloaded', 'openai-chat', 429, '{"error":"Model is overloaded","error_type":"overloaded"}', 'overloaded'],
  [
    'OpenAI, too many requests',
    'openai-chat',
    429,
    '{"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}}',
    'overloaded',
  ],
  [
    'OpenAI, a wrong key',
    'openai-chat',
    401,
    '{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}',
    'broke',
  ],
  [
    'Anthropic, overloaded',
    'anthropic-messages',
    529,
    '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    'overloaded',
  ],
  ['a proxy before a server that is gone', 'openai-chat', 502, '<html>Bad Gateway</html>', 'failed'],
]

for (const [who, dialect, status, body, ending] of answers) {
  test(`${who}: that is ${ending}`, () => {
    assert.equal(endingFor(dialectById(dialect)!.readFault({ status, body, retryAfterMs: undefined })), ending)
  })
}

test('a connection that breaks is the server, an answer that is late is its model, and a caller who leaves is nobody', () => {
  const broken = new Fault('upstream-broke', 'reset', { cause: new NetFault('reset', 'reset') })
  const late = new Fault('upstream-slow', 'late', { cause: new NetFault('aborted', 'cut') })
  const torn = new Fault('upstream-broke', 'The server closed the stream before it was whole.')
  const gone = new Fault('cancelled', 'gone', { cause: new NetFault('aborted', 'cut') })
  assert.deepEqual([broken, late, torn, gone].map(endingFor), ['broke', 'failed', 'failed', 'ignored'])
})
