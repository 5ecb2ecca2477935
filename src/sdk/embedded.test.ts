import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readRecording } from '../recording/read.ts'
import {
  type BudgetReached,
  type ConfigInput,
  createGateway,
  defineBackend,
  definePolicy,
  Fault,
  isLocalRateLimit,
  type Outbound,
  type World,
} from '../index.ts'

/** A server that no list of ours knows: its own paths, its own header for the key. */
const mine = defineBackend({
  kind: 'mine',
  title: 'my server',
  speaks: { 'openai-chat': '/mine/chat' },
  usualPort: undefined,
  tier: 0,
  initialConcurrency: 8,
  authorize: (key) => [['x-mine', key]],
  probe: async (call) => {
    const { status, json } = await call({ method: 'GET', path: '/mine/models' })
    if (status !== 200) throw new Error('it is not ready')
    return { models: (json as string[]).map((id) => ({ id })) }
  },
})

/** A network in which every such server has one model and says where it stands. */
function worldOfMine(): { world: World; sent: Outbound[] } {
  const sent: Outbound[] = []
  const world: World = {
    now: () => performance.now(),
    epochMs: () => Date.now(),
    random: () => 0.5,
    // Nothing here is ever late, and the next probe never comes.
    sleep: (_ms, signal) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve())),
    send: (out) => {
      sent.push(out)
      const delta = { role: 'assistant', content: `I am ${new URL(out.origin).hostname}.` }
      const frame = { object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: 'stop' }] }
      const isChat = out.path.endsWith('/mine/chat')
      const text = isChat ? `data: ${JSON.stringify(frame)}\n\ndata: [DONE]\n\n` : '["m"]'
      const body = (async function* () {
        yield Buffer.from(text)
      })()
      return Promise.resolve({
        status: 200,
        headers: { 'content-type': isChat ? 'text/event-stream' : 'application/json' },
        body,
      })
    },
  }
  return { world, sent }
}

const question = { model: 'm', messages: [{ role: 'user', content: 'Who are you?' }] }

const config: ConfigInput = {
  upstreams: [
    { name: 'near', kind: 'mine', url: 'http://near.example', api_key: 'sesame' },
    { name: 'far', kind: 'mine', url: 'http://far.example/base', api_key: 'sesame' },
  ],
}

test('a configuration may name a kind of one’s own, which is then probed, asked and paid as it says', async (t) => {
  const { world, sent } = worldOfMine()
  const gateway = await createGateway(config, { backends: [mine], world })
  t.after(() => gateway.close())
  assert.deepEqual(
    gateway.engine.fleet.models().map(({ name, upstreams }) => [name, upstreams]),
    [['m', ['near', 'far']]],
  )
  const { text, upstream } = await gateway.chat(question)
  assert.equal(text, `I am ${upstream}.example.`)
  const asked = sent.at(-1)
  assert.equal(asked?.path.replace('/base', ''), '/mine/chat')
  assert.deepEqual(
    asked.headers.filter(([, value]) => value.includes('sesame')),
    [['x-mine', 'sesame']],
  )
})

test('a kind that was not brought along is refused, with those that are known', async () => {
  const { world } = worldOfMine()
  await assert.rejects(createGateway(config, { world }), /upstreams\[0\]\.kind: there is no kind "mine"/)
  const other = { ...mine, kind: 'mein' }
  await assert.rejects(createGateway(config, { backends: [other], world }), /did you mean "mein"\?/)
})

for (const favourite of ['near', 'far']) {
  test(`a policy of one's own settles which free place is taken: ${favourite}`, async (t) => {
    const { world } = worldOfMine()
    const policy = definePolicy((_ask, { upstream }) => (upstream === favourite ? 0 : 1))
    const gateway = await createGateway(config, { backends: [mine], policy, world })
    t.after(() => gateway.close())
    for (let i = 0; i < 4; i += 1) assert.equal((await gateway.chat(question)).upstream, favourite)
  })
}

test('an application keeps to the limits it set itself, and knows its own refusal from any other', async (t) => {
  const { world, sent } = worldOfMine()
  const gateway = await createGateway(config, { backends: [mine], world, limits: { requestsPerMinute: 1 } })
  t.after(() => gateway.close())
  await gateway.chat(question)
  const before = sent.length
  const refusal: unknown = await gateway.chat(question).catch((error: unknown) => error)
  assert.ok(isLocalRateLimit(refusal))
  assert.deepEqual([refusal.code, refusal.kind, refusal.status], ['LOCAL_RATE_LIMIT', 'rate-limited', 429])
  assert.ok(refusal.retryAfterMs > 0 && refusal.retryAfterMs <= 60_000)
  assert.equal(sent.length, before)
  assert.equal(isLocalRateLimit(new Fault('rate-limited', 'Elsewhere.')), false)
  const other: unknown = await gateway.chat({ ...question, model: 7 as never }).catch((error: unknown) => error)
  assert.ok(other instanceof Fault && other.kind === 'bad-request' && !isLocalRateLimit(other))
})

test('an application that names a folder finds there what it asked, and no word of it', async (t) => {
  const { world } = worldOfMine()
  const folder = join(mkdtempSync(join(tmpdir(), 'spillway-application-')), 'recordings')
  t.after(() => rmSync(join(folder, '..'), { recursive: true }))
  const gateway = await createGateway(config, { backends: [mine], world, recordings: folder })
  const answers = [await gateway.chat(question), await gateway.chat(question)]
  await gateway.close()
  const { requests } = readRecording(folder)
  assert.deepEqual(
    requests.map(({ model, caller, upstream, fault }) => [model, caller, upstream, fault]),
    answers.map(({ upstream }) => ['m', 'application', upstream, undefined]),
  )
  const [file] = readdirSync(folder)
  assert.doesNotMatch(readFileSync(join(folder, file!), 'utf8'), /Who are you|I am|sesame/)
})

test('an application records nothing where the configuration says so', async (t) => {
  const { world } = worldOfMine()
  const folder = mkdtempSync(join(tmpdir(), 'spillway-application-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const gateway = await createGateway({ ...config, recording: false }, { backends: [mine], world, recordings: folder })
  await gateway.chat(question)
  await gateway.close()
  assert.deepEqual(readdirSync(folder), [])
})

test('an application hears when so much of a budget is used up, exactly, and what it throws harms nobody', async () => {
  const { world } = worldOfMine()
  const heard: BudgetReached[] = []
  const notices: string[] = []
  const onBudget = (reached: BudgetReached): void => {
    heard.push(reached)
    throw new TypeError('of its own')
  }
  const gateway = await createGateway(config, { backends: [mine], world, hooks: { onBudget } })
  gateway.engine.subscribe((event) => void (event.type === 'notice' && notices.push(event.text)))
  const usual = { counted: 'nano', held: 0, from: 0, until: 86_400_000, alertAt: [0.8] } as const
  const standing = { ...usual, account: 'gateway/day', limit: 5_000_000_000, spent: 4_000_000_001 }
  gateway.engine.emit({ type: 'budget-reached', standing, share: 0.8 })
  const told = { account: 'gateway/day', share: 0.8, unit: 'usd', spent: '4.000000001', limit: '5.00' }
  assert.deepEqual(heard, [{ ...told, resetsAt: new Date(86_400_000) }])
  assert.deepEqual(notices, ['A hook threw TypeError.'])
  await gateway.close()
})
