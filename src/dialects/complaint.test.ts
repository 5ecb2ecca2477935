import assert from 'node:assert/strict'
import { test } from 'node:test'
import { complaintUnder200, readFault } from './complaint.ts'

const heard = (status: number, body: unknown) =>
  readFault({ status, body: typeof body === 'string' ? body : JSON.stringify(body), retryAfterMs: undefined })

test('an error is found in every shape that servers give it', () => {
  const shapes: unknown[] = [
    { error: 'no such thing' },
    { error: { message: 'no such thing', type: 'x', code: 'y' } },
    { object: 'error', message: 'no such thing', type: 'BadRequestError', param: null, code: 400 },
    { detail: 'no such thing' },
    { error: JSON.stringify({ error: { code: 400, message: 'no such thing', type: 'x' } }) },
    'no such thing',
  ]
  for (const shape of shapes) {
    const fault = heard(400, shape)
    assert.deepEqual(
      [fault.kind, fault.status, fault.message],
      ['upstream-refused', 400, 'no such thing'],
      JSON.stringify(shape),
    )
  }
  assert.match(heard(422, { detail: [{ loc: ['body', 'x'], msg: 'field required' }] }).message, /field required/)
})

test('the status says whose fault it is', () => {
  const kinds = new Map([
    [400, 'upstream-refused'],
    [413, 'upstream-refused'],
    [422, 'upstream-refused'],
    [401, 'upstream-denied'],
    [402, 'upstream-denied'],
    [403, 'upstream-denied'],
    [302, 'upstream-denied'],
    [429, 'upstream-busy'],
    [503, 'upstream-busy'],
    [529, 'upstream-busy'],
    [408, 'upstream-slow'],
    [504, 'upstream-slow'],
    [500, 'upstream-broke'],
    [502, 'upstream-broke'],
    [501, 'not-supported'],
  ])
  for (const [status, kind] of kinds) assert.equal(heard(status, { error: 'x' }).kind, kind, String(status))
})

test('an upstream hands on its own status and code, and how long to wait', () => {
  const refused = heard(422, { error: { message: 'bad image', code: 'invalid_image' } })
  assert.deepEqual([refused.status, refused.code, refused.retry], [422, 'invalid_image', false])
  assert.equal(readFault({ status: 429, body: '{"error":"slow down"}', retryAfterMs: 2_000 }).retryAfterMs, 2_000)
})

test('what a server says of a wrong key is not repeated: it may quote the key', () => {
  assert.ok(!heard(401, { error: { message: 'Incorrect API key provided: sk-secret' } }).message.includes('sk-'))
})

test('a prompt that is too long is known by type, by code and by every wording, with the numbers where they are said', () => {
  const texts: readonly (readonly [text: string, prompt: number, max: number])[] = [
    [
      "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4500 in the messages, 500 in the completion). Please reduce the length.",
      4500,
      4096,
    ],
    ["This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.", 5000, 4096],
    ["This model's maximum context length is 4096 tokens. However, your request has 5000 input tokens.", 5000, 4096],
    ["Input length (5000) exceeds model's maximum context length (4096).", 5000, 4096],
    ["The input (5000 tokens) is longer than the model's context length (4096 tokens).", 5000, 4096],
    [
      "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 5000 tokens: 1 and 2.",
      5000,
      4096,
    ],
    ['prompt is too long: 5000 tokens > 4096 maximum', 5000, 4096],
  ]
  for (const [text, prompt, max] of texts) {
    const fault = heard(400, { error: { message: text } })
    assert.deepEqual([fault.kind, fault.tokens], ['context-overflow', { prompt, max }], text)
  }
  for (const error of [
    { message: 'too much', code: 'context_length_exceeded' },
    { message: 'too much', type: 'exceed_context_size_error' },
    { message: 'Trying to keep the first 9000 tokens when context the overflows.' },
    { message: 'the input length exceeds the context length' },
  ])
    assert.equal(heard(500, { error }).kind, 'context-overflow', error.message)
})

test('an answer that is too long beside its prompt is told apart from a prompt that is too long', () => {
  const message =
    'input length and `max_tokens` exceed context limit: 3000 + 2000 > 4096, decrease input length or `max_tokens` and try again'
  const fault = heard(400, { type: 'error', error: { type: 'invalid_request_error', message } })
  assert.deepEqual([fault.kind, fault.tokens], ['context-overflow', { prompt: 3000, max: 4096, output: 2000 }])
})

test('an account without money is a matter of configuration, not of waiting', () => {
  const spent = { type: 'rate_limit_error', message: 'x', details: { error_code: 'enforced_spend_limit_reached' } }
  const poor = { type: 'invalid_request_error', message: 'Your credit balance is too low to access the API.' }
  assert.equal(heard(429, { type: 'error', error: spent }).kind, 'upstream-denied')
  assert.equal(heard(400, { type: 'error', error: poor }).kind, 'upstream-denied')
  const growing = { ...spent, details: { error_code: 'ramp_limit_exceeded' } }
  assert.equal(heard(429, { type: 'error', error: growing }).kind, 'upstream-busy')
})

test('a shared context that is full is the crowd, not the prompt of this caller', () => {
  assert.equal(
    heard(500, { error: { code: 500, message: 'Context size has been exceeded.', type: 'server_error' } }).kind,
    'upstream-busy',
  )
})

test('a route that is not there is a matter of configuration, a model that is not there is not', () => {
  for (const body of [
    '404 page not found',
    { detail: 'Not Found' },
    { error: { message: 'File Not Found', code: 404 } },
    '',
  ]) {
    assert.equal(heard(404, body).kind, 'upstream-denied', JSON.stringify(body))
  }
  const unknown = heard(404, { error: { message: 'The model `x` does not exist.', code: 404 } })
  assert.deepEqual([unknown.kind, unknown.status, unknown.code], ['model-missing', 404, 'model_not_found'])
})

test('an error page is cut to what a person reads', () => {
  assert.ok(heard(500, `<html>${'x'.repeat(10_000)}</html>`).message.length < 600)
})

test('an answer that says it failed is a fault under a 200 as well, and text about errors is none', () => {
  const check = (answer: unknown) => complaintUnder200(Buffer.from(JSON.stringify(answer)))?.kind
  assert.equal(check({ error: 'it broke' }), 'upstream-broke')
  assert.equal(check({ object: 'error', message: 'too hot', code: 400 }), 'upstream-refused')
  assert.equal(check({ error: null, choices: [] }), undefined)
  assert.equal(check({ choices: [{ message: { content: '"error":"x"' } }] }), undefined)
})
