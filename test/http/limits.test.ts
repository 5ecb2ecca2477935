import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import { model, stage } from '../e2e/rig.ts'

const body = (over: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ model, max_tokens: 20, messages: [{ role: 'user', content: 'Say 3 words.' }], ...over })

async function post(url: string, path: string, key: string, text = body()): Promise<Response> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
  const response = await fetch(url + path, { method: 'POST', headers, body: text })
  return new Response(await response.text(), response)
}

const limitsTold = ({ headers }: Response): string[] => [...headers.keys()].filter((name) => /ratelimit/.test(name))

const callers: ConfigInput['callers'] = [
  { name: 'limited', key: 'poppy', limits: { requests_per_minute: 2, tokens_per_minute: 400 } },
  { name: 'free', key: 'sesame' },
]

test('a caller with limits hears where it stands and is then refused, while its neighbour goes on', async (t) => {
  const { url, server, events } = await stage(t, 'vllm', { config: { callers } })
  const chat = '/v1/chat/completions'
  const first = await post(url, chat, 'poppy')
  assert.equal(first.status, 200)
  assert.equal(first.headers.get('x-ratelimit-limit-requests'), '2')
  assert.equal(first.headers.get('x-ratelimit-remaining-requests'), '1')
  assert.match(first.headers.get('x-ratelimit-reset-requests') ?? '', /^(?:29\.\d+|30)s$/)
  assert.equal(first.headers.get('x-ratelimit-limit-tokens'), '400')
  assert.ok(Number(first.headers.get('x-ratelimit-remaining-tokens')) < 400)
  const streamed = await post(url, chat, 'poppy', body({ stream: true }))
  assert.equal(streamed.headers.get('x-ratelimit-remaining-requests'), '0')
  const reached = server.heard.length

  const refused = await post(url, chat, 'poppy')
  assert.equal(refused.status, 429)
  assert.equal(refused.headers.get('x-ratelimit-remaining-requests'), '0')
  const afterMs = Number(refused.headers.get('retry-after-ms'))
  assert.ok(afterMs > 25_000 && afterMs <= 30_000, String(afterMs))
  assert.equal(refused.headers.get('retry-after'), String(Math.ceil(afterMs / 1_000)))
  assert.equal(refused.headers.get('x-should-retry'), null)
  const { error } = (await refused.json()) as { error: { code: string; type: string; message: string } }
  assert.deepEqual([error.code, error.type], ['rate_limit_exceeded', 'rate_limit_error'])
  assert.match(error.message, /limited may use 2 requests a minute/)

  const anthropic = await post(url, '/v1/messages', 'poppy')
  assert.equal(anthropic.status, 429)
  assert.equal(anthropic.headers.get('anthropic-ratelimit-requests-limit'), '2')
  assert.equal(anthropic.headers.get('anthropic-ratelimit-requests-remaining'), '0')
  assert.match(anthropic.headers.get('anthropic-ratelimit-tokens-reset') ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.equal(server.heard.length, reached, 'a refused request reached a server')

  for (let at = 0; at < 4; at += 1) {
    const other = await post(url, chat, 'sesame')
    assert.equal(other.status, 200)
    assert.deepEqual(limitsTold(other), [])
  }
  const ended = events.filter((event) => event.type === 'ask-settled').map(({ outcome }) => outcome.fault?.kind)
  assert.equal(ended.filter((kind) => kind === 'rate-limited').length, 2)
})

test('behind a proxy that is trusted each address it names has its limits, and nobody chooses his own', async (t) => {
  const anonymous = { limits: { requests_per_minute: 1 } }
  const ask = async (url: string, forwarded: string): Promise<number> => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': forwarded }
    const { status, body: bytes } = await fetch(`${url}/api/chat`, {
      method: 'POST',
      headers,
      body: body({ stream: false }),
    })
    await bytes?.cancel()
    return status
  }
  const { url, gateway } = await stage(t, 'ollama', { config: { anonymous, trusted_proxies: ['127.0.0.0/8'] } })
  assert.deepEqual([await ask(url, '192.0.2.1'), await ask(url, '192.0.2.2')], [200, 200])
  assert.equal(await ask(url, '203.0.113.9, 192.0.2.1'), 429)
  await gateway.reload({ ...gateway.settings, trustedProxies: [] })
  assert.deepEqual([await ask(url, '192.0.2.3'), await ask(url, '192.0.2.4')], [200, 429])
})

test('who has as many requests under way as it may hears when the next place is expected', async (t) => {
  const one = [{ name: 'one', key: 'poppy', limits: { concurrent: 1 } }]
  const { url, gateway } = await stage(t, 'vllm', { config: { callers: one } })
  const chat = '/v1/chat/completions'
  for (let at = 0; at < 8; at += 1) assert.equal((await post(url, chat, 'poppy')).status, 200)
  const leaving = new AbortController()
  const headers = { 'content-type': 'application/json', authorization: 'Bearer poppy' }
  const text = body({ stream: true, max_tokens: 4_000, messages: [{ role: 'user', content: 'Say 4000 words.' }] })
  const first = await fetch(url + chat, { method: 'POST', headers, body: text, signal: leaving.signal })
  const [view] = gateway.asks()
  assert.ok(view?.leftMs !== undefined)
  const refused = await post(url, chat, 'poppy')
  const afterMs = Number(refused.headers.get('retry-after-ms'))
  assert.deepEqual([refused.status, afterMs >= 100 && afterMs <= 60_000], [429, true])
  leaving.abort()
  await first.body!.cancel().catch(() => {})
})

test('without callers each address has its limits, and what was used outlives a reload', async (t) => {
  const config = { anonymous: { limits: { requests_per_minute: 1 } } }
  const { url, gateway } = await stage(t, 'ollama', { config })
  const ask = (): Promise<Response> => post(url, '/api/chat', 'none', body({ stream: false }))
  assert.equal((await ask()).status, 200)
  assert.equal((await ask()).status, 429)
  await gateway.reload({ ...gateway.settings, anonymousLimits: { requestsPerMinute: 2 } })
  const refused = await ask()
  assert.equal(refused.status, 429)
  assert.equal(refused.headers.get('x-ratelimit-limit-requests'), '2')
})
