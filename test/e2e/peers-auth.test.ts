/** Ways in that were open at peers, by the number under which they were told of. Here they are shut. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { type KeyedHouse, keyedHouse } from '../keys/house.ts'
import { questions } from '../keys/questions.ts'
import { model } from './rig.ts'

const words = [{ role: 'user', content: 'Say 2 words.' }]

const chat = (
  { url }: Pick<KeyedHouse, 'url'>,
  headers: Readonly<Record<string, string>>,
  body: object = {},
): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model, messages: words, ...body }),
  })

const status = async (...asked: Parameters<typeof chat>): Promise<number> => (await chat(...asked)).status

suite('Where peers let in who should have stayed out', () => {
  test('Open WebUI CVE-2026-45339: a key that is bound under one header is bound under each', async (t) => {
    const house = await keyedHouse(t, { callers: [{ name: 'c', key: 'k', dialects: ['ollama'], models: ['another'] }] })
    for (const headers of [{ authorization: 'Bearer k' }, { 'x-api-key': 'k' }, { 'api-key': 'k' }])
      assert.equal(await status(house, headers), 403)
    assert.equal(house.server.requests.length, 0)
  })

  test('LiteLLM CVE-2026-35030: keys that begin alike are not taken for one another', async (t) => {
    const start = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.'.repeat(4)
    const callers = ['a', 'b', 'c'].map((name) => ({ name, key: start + name, models: name === 'a' ? [model] : ['x'] }))
    const house = await keyedHouse(t, { callers })
    for (const round of [1, 2]) {
      for (const [end, wanted] of [
        ['a', 200],
        ['b', 403],
        ['c', 403],
        ['d', 401],
        ['', 401],
      ] as const)
        assert.equal(await status(house, { 'x-api-key': start + end }), wanted, `${end} ${round}`)
    }
  })

  test('LiteLLM CVE-2026-42208: what stands in a key is never a part of a question to the database', async (t) => {
    const house = await keyedHouse(t)
    const { key } = await house.make({ name: 'c' })
    for (const hostile of [
      "' OR '1'='1",
      `${key}' --`,
      `${key}%`,
      "sk-'; DROP TABLE caller_keys; --",
      `sk-sw-live-_______%-${'%'.repeat(43)}-%%%%%%`,
      '" UNION SELECT digest FROM key_secrets --',
    ])
      assert.equal(await status(house, { 'x-api-key': hostile }), 401, hostile)
    assert.equal(await status(house, { 'x-api-key': key }), 200)
    const { keys } = (await (await house.admin('GET', '/api/keys')).json()) as { keys: unknown[] }
    assert.equal(keys.length, 1)
  })

  test('LiteLLM GHSA-69x8-hrgq-fjj8: what is kept of a key is no key', async (t) => {
    const house = await keyedHouse(t)
    const { key } = await house.make({ name: 'c' })
    const database = new DatabaseSync(join(house.dataDir, 'ledger.db'), { readOnly: true })
    const rows = database.prepare('SELECT digest FROM key_secrets').all()
    database.close()
    assert.equal(rows.length, 1)
    const digest = String(rows[0]!['digest'])
    for (const found of [digest, Buffer.from(digest, 'hex').toString('base64url'), key.slice(0, 19) + digest])
      assert.equal(await status(house, { 'x-api-key': found }), 401)
  })

  test('Open WebUI CVE-2026-44555: who may use an alias may not use what stands behind it, nor the other way', async (t) => {
    const house = await keyedHouse(t)
    const [{ origin: url } = assert.fail()] = house.gateway.settings.upstreams
    const models = { serve: { public: model, secret: model } }
    const aliased = await keyedHouse(t, {
      upstreams: [{ name: 'box', kind: 'ollama', url, models }],
      callers: [{ name: 'c', key: 'k', models: ['public'] }],
    })
    const headers = { 'x-api-key': 'k' }
    assert.equal(await status(aliased, headers, { model: 'public' }), 200)
    for (const behind of ['secret', model, 'public:latest', 'Public', 'public\u0000', 'secret:latest', 'PUBLIC'])
      assert.ok([403, 404].includes(await status(aliased, headers, { model: behind })), behind)
    const { data } = (await (await fetch(`${aliased.url}/v1/models`, { headers })).json()) as { data: { id: string }[] }
    assert.deepEqual(
      data.map(({ id }) => id),
      ['public'],
    )
  })

  test('T14: two hundred names that a model has not, asked for at every door, reach no server', async (t) => {
    const house = await keyedHouse(t, { callers: [{ name: 'c', key: 'k', models: [model] }] })
    const odd = fc.sample(
      fc.oneof(
        fc.string({ minLength: 1, maxLength: 300 }),
        fc
          .constantFrom('../', '..%2f', '%00', '@sha256:', ' ', ':latest', '\u200b', '/', '\\', '*', '\u0130')
          .chain((end) => fc.constantFrom(model + end, end + model, model.toUpperCase() + end)),
      ),
      { numRuns: 70, seed: 7 },
    )
    const asked = questions.filter(({ asks, method }) => asks && method === 'POST')
    const three = (['openai', 'anthropic', 'ollama'] as const).map((one) => asked.find(({ family }) => family === one)!)
    for (const name of odd.filter((one) => one !== model)) {
      for (const { path, body } of three) {
        const answer = await fetch(house.url + path, {
          method: 'POST',
          headers: { 'x-api-key': 'k' },
          body: JSON.stringify({ ...body, model: name }),
        })
        assert.ok([400, 403, 404].includes(answer.status), `${path} ${JSON.stringify(name)}: ${answer.status}`)
        await answer.text()
      }
    }
    assert.equal(house.server.requests.length, 0)
  })

  test('T25, APISIX CVE-2026-31908: nobody is somebody else, or somewhere else, for saying so', async (t) => {
    const house = await keyedHouse(t, {
      callers: [
        { name: 'near', key: 'k', addresses: ['127.0.0.0/8'] },
        { name: 'far', key: 'f', addresses: ['192.0.2.7'] },
      ],
    })
    const lies = ['x-forwarded-for', 'x-real-ip', 'forwarded', 'x-client-ip', 'cf-connecting-ip', 'true-client-ip']
    for (const lie of lies) assert.equal(await status(house, { 'x-api-key': 'f', [lie]: '192.0.2.7' }), 401, lie)
    for (const name of [
      'x-user',
      'x-consumer-username',
      'x-authenticated-userid',
      'x-credential-identifier',
      'x-caller',
    ])
      assert.equal(await status(house, { [name]: 'near' }), 401, name)
    assert.equal(await status(house, { 'x-api-key': 'k', 'x-user': 'canary', 'x-forwarded-for': '192.0.2.7' }), 200)
    assert.doesNotMatch(JSON.stringify(house.server.requests.map(({ headers }) => headers)), /canary|192\.0\.2\.7/)

    const behind = await keyedHouse(t, {
      trusted_proxies: ['127.0.0.1'],
      callers: [{ name: 'far', key: 'f', addresses: ['192.0.2.7'] }],
    })
    const from = (said: string): Promise<number> => status(behind, { 'x-api-key': 'f', 'x-forwarded-for': said })
    assert.deepEqual([await from('192.0.2.7'), await from('192.0.2.7, 198.51.100.1')], [200, 401])
  })

  test('LiteLLM PR 25203: a key that was mistyped is in no answer, no event and no log line', async (t) => {
    const house = await keyedHouse(t, { callers: [{ name: 'c', key: 'k' }] })
    const typo = 'sk-sw-live-canary00-mistyped-canary-7f3a'
    const answers = await Promise.all(
      [{ 'x-api-key': typo }, { authorization: `Bearer ${typo}` }, { authorization: typo, 'api-key': `${typo}2` }].map(
        async (headers) => (await chat(house, headers)).text(),
      ),
    )
    const told = [...answers, JSON.stringify(house.events), await (await fetch(`${house.adminUrl}/metrics`)).text()]
    assert.match(told.join(''), /invalid_api_key/)
    assert.doesNotMatch(told.join(''), /canary/)
  })

  test('Bifrost 5673: a bound that is spelt in an older way is not left out in silence', async (t) => {
    const house = await keyedHouse(t)
    for (const wish of [
      { budgets: [{ usd: 1, per: 'day' }] },
      { max_budget: 1 },
      { budget: { usd: 1, period: 'day' } },
    ])
      assert.equal((await house.admin('POST', '/api/keys', { name: 'c', ...wish })).status, 400, JSON.stringify(wish))
  })
})
