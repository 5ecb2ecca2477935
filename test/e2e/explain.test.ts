/** What the admin port says would become of a request is what then becomes of it. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { bodyOf } from './raw.ts'
import { endless, model, open, type Scene, stage, until } from './rig.ts'
import { openAiChat } from './speakers/openai.ts'
import { Witness, backendKind } from './witness.ts'
import { listen } from '../../src/sim/sockets.ts'

const path = '/v1/chat/completions'
const asked = 'Say 3 words of the canary.'
const body = JSON.parse(bodyOf(asked, false)) as object

interface Told {
  readonly decision: Readonly<Record<string, unknown>>
  readonly upstreams: readonly Readonly<Record<string, unknown>>[]
  readonly [name: string]: unknown
}

async function explained({ adminUrl }: Scene, question: object, query = ''): Promise<Told> {
  const response = await fetch(`${adminUrl}/api/explain${query}`, { method: 'POST', body: JSON.stringify(question) })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  assert.doesNotMatch(text, /canary/, 'of what was asked nothing is shown')
  return JSON.parse(text) as Told
}

const sent = ({ url }: Scene, question: object, at = path): Promise<Response> =>
  fetch(url + at, { method: 'POST', body: JSON.stringify(question) })

/** Holds the only place until the test ends. */
async function taken(t: TestContext, { url }: Scene, server: Witness): Promise<void> {
  const inside = new AbortController()
  t.after(() => inside.abort())
  openAiChat.stream(url, endless, { signal: inside.signal }).catch(() => {})
  await until(() => server.ledger.outputTokens > 0, 2_000, 'it speaks')
}

const narrow = { upstream: { concurrency: 1 } } as const

suite('An explanation', { concurrency: 4 }, () => {
  test('says where a request would run, and asks nobody', async (t) => {
    const scene = await stage(t, 'ollama', narrow)
    const { decision, upstreams, ...about } = await explained(scene, body, `?path=${path}`)
    assert.deepEqual([decision['action'], decision['upstream'], decision['why']], ['run', 'ollama', 'direct; loaded'])
    assert.deepEqual([about['model'], about['caller'], about['needs']], [model, 'anonymous', ['chat']])
    const [{ first_token_ms: firstTokenMs, ...rest } = {}] = upstreams
    assert.ok((firstTokenMs as number) > 0)
    assert.deepEqual(rest, {
      name: 'ollama',
      model,
      tier: 0,
      up: true,
      breaker: 'closed',
      permitted: true,
      unpaid: null,
      fits: true,
      lacks: null,
      context_tokens: 8_192,
      in_flight: 0,
      limit: 1,
      foreign: 0,
      has_room: true,
      loaded: true,
      memory: { loaded: [model], loading: null, turning_to: null, opens_in_ms: 0, eviction_ms: 0 },
      cached_tokens: 0,
    })
    assert.equal(scene.server.heard.length, 0)
    assert.ok(!scene.events.some(({ type }) => type.startsWith('ask-')))
    const { headers } = await sent(scene, body)
    assert.equal(headers.get('x-spillway-decision'), decision['why'])
  })

  test('says behind how many a request would wait', async (t) => {
    const scene = await stage(t, 'ollama', { ...narrow, config: { queue: { patience: '1m' } } })
    await taken(t, scene, scene.server)
    for (const ahead of [0, 1]) {
      const { decision, upstreams } = await explained(scene, { path, body })
      assert.deepEqual([decision['action'], decision['ahead']], ['queue', ahead])
      assert.ok((decision['first_token_ms'] as number) > 0)
      assert.deepEqual([upstreams[0]?.['in_flight'], upstreams[0]?.['has_room']], [1, false])
      sent(scene, body).catch(() => {})
      await until(() => scene.gateway.waiting === ahead + 1, 1_000, 'it waits')
    }
    const waits = scene.events.filter((event) => event.type === 'ask-queued')
    assert.deepEqual(
      waits.map(({ ahead }) => ahead),
      [0, 1],
    )
  })

  test('says that a request would spill, and not for whom that is forbidden', async (t) => {
    const home = new Witness('ollama', { name: 'home' })
    const cloud = new Witness('vllm', { name: 'cloud' })
    const sockets = await Promise.all([home, cloud].map((server) => listen(server)))
    const scene = await open(t, {
      upstreams: [home, cloud].map(({ spec: { name }, kind }, tier) => {
        return { name, kind: backendKind(kind), url: sockets[tier]!.origin, concurrency: 1, tier }
      }),
      queue: { patience: '500ms' },
    })
    t.after(() => Promise.all(sockets.map((socket) => socket.close())))
    const inside = new AbortController()
    t.after(() => inside.abort())
    openAiChat.stream(scene.url, endless, { signal: inside.signal, limit: 4_000 }).catch(() => {})
    await until(() => home.ledger.outputTokens + cloud.ledger.outputTokens > 0, 2_000, 'it speaks')
    const { decision } = await explained(scene, { path, body })
    assert.deepEqual([decision['action'], decision['upstream'], decision['tier']], ['spill', 'cloud', 1])
    const at = await explained(scene, { path, body, cloud: 'never' })
    assert.equal(at.decision['action'], 'queue')
    assert.deepEqual(
      at.upstreams.map(({ permitted }) => permitted),
      [true, false],
    )
    const { headers } = await sent(scene, body)
    assert.equal(headers.get('x-spillway-upstream'), 'cloud')
    assert.match(headers.get('x-spillway-decision')!, /spilled/)
  })

  const refusals: readonly (readonly [what: string, question: object, at?: string])[] = [
    ['a model that nobody has', { ...body, model: 'nobody' }],
    ['a prompt that no context holds', { ...body, messages: [{ role: 'user', content: 'word '.repeat(40_000) }] }],
    ['a body that makes no sense', { ...body, messages: [] }],
    ['what leans on a memory that nobody has', { model, input: 'hi', previous_response_id: 'resp_1' }, '/v1/responses'],
  ]
  for (const [what, question, at = path] of refusals) {
    test(`refuses ${what} as the request is then refused`, async (t) => {
      const scene = await stage(t, 'ollama')
      const { decision } = await explained(scene, { path: at, body: question })
      const answer = await sent(scene, question, at)
      assert.deepEqual(
        [decision['action'], decision['status'], decision['answer']],
        ['refuse', answer.status, await answer.json()],
      )
      assert.equal(scene.server.heard.length, 0, 'it was the gateway that refused')
    })
  }

  test('refuses what finds the queue full, and says when to come back', async (t) => {
    const scene = await stage(t, 'ollama', { ...narrow, config: { queue: { max: 0 } } })
    await taken(t, scene, scene.server)
    const { decision } = await explained(scene, { path, body })
    const answer = await sent(scene, body)
    assert.deepEqual([decision['status'], decision['code']], [answer.status, 'queue_full'])
    // Nobody was promised a time: each is told one of his own, a fifth earlier or later.
    const told = Number(answer.headers.get('retry-after-ms')) / Number(decision['retry_after_ms'])
    assert.ok(told >= 0.799 && told <= 1.201, `${told}`)
  })

  test('is for a caller by name, and says what is missing of a question', async (t) => {
    const callers = [{ name: 'chat-ui', key: 'a', models: ['other'] }]
    const scene = await stage(t, 'ollama', { config: { callers } })
    const { decision } = await explained(scene, body, `?path=${path}&caller=chat-ui`)
    assert.deepEqual([decision['status'], decision['code']], [403, 'permission_denied'])
    for (const [question, says] of [
      [{ path, body }, /Say in caller who would ask: chat-ui\./],
      [{ body }, /Say in path where the request would go: .*\/v1\/chat\/completions/],
      [{ path }, /"body"/],
      [{ path, body, caller: 'chat-ui', patience: 'long' }, /patience has to be a duration/],
      [{ path, body, caller: 'chat-ui', cloud: 'maybe' }, /cloud has to be one of: allowed, never/],
    ] as const) {
      const request = { method: 'POST', body: JSON.stringify(question) }
      const response = await fetch(`${scene.adminUrl}/api/explain`, request)
      assert.equal(response.status, 400)
      assert.match(((await response.json()) as { error: { message: string } }).error.message, says)
    }
  })
})
