import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { cloudLike } from '../../src/sim/server-spec.ts'
import { SimServer } from '../../src/sim/server.ts'
import { listen, realClock } from '../../src/sim/sockets.ts'
import { chat } from '../cli/rig.ts'
import { sharedPostgres, skipWithoutPostgres } from './server.ts'

const postgres = sharedPostgres()

const model = 'gpt-5-mini'
const env = { SPILLWAY_PEPPER: randomBytes(32).toString('hex') }

test('what is changed by a command counts at every gateway that shares the ledger', skipWithoutPostgres, async (t) => {
  const config = await configFor(t, postgres.fresh())
  const [one, other] = await Promise.all([serve(t, config), serve(t, config)])
  // A machine of its own, with nothing but the same configuration.
  const cwd = folderWith(t, { 'spillway.yaml': config })
  const command = async (...words: string[]): Promise<string> => {
    const { code, out, err } = await spillway(t, words, { cwd, env }).ended
    assert.equal(code, 0, `${words.join(' ')}: ${err}`)
    return out.trim()
  }
  const statusOf = async (url: string, key: string): Promise<number> => {
    const answer = await chat(url, { model, max_tokens: 20 }, { authorization: `Bearer ${key}` })
    await answer.text()
    return answer.status
  }
  const both = async (key: string, status: number): Promise<void> => {
    const late = performance.now() + 10_000
    for (const url of [one, other]) {
      for (let is = await statusOf(url, key); is !== status; is = await statusOf(url, key)) {
        assert.ok(performance.now() < late, `${is} instead of ${status}`)
        await sleep(100)
      }
    }
  }

  const key = await command('keys', 'create', 'chat-ui', '--budget', '1/day')
  await both(key, 200)
  await command('cloud', 'off', '--reason', 'a test')
  await both(key, 503)
  await command('cloud', 'on')
  await both(key, 200)
  await command('keys', 'revoke', 'chat-ui')
  await both(key, 401)

  assert.match(await command('report', '--by', 'caller', '--json'), /chat-ui/)
  const verdict = JSON.parse(await command('ledger', 'verify', '--json')) as { sound: boolean; rows: number }
  assert.ok(verdict.sound && verdict.rows >= 4, JSON.stringify(verdict))
  const audit = await command('audit', '--json')
  for (const action of ['key.', 'cloud.']) assert.ok(audit.includes(`"${action}`), audit)
})

async function configFor(t: TestContext, url: string): Promise<string> {
  const cloud = await listen(new SimServer(cloudLike({ networkMs: 1 }), realClock()))
  t.after(() => cloud.close())
  return `listen: 127.0.0.1:0
admin: { listen: "127.0.0.1:0" }
upstreams:
  - { name: cloud, kind: openai, url: "${cloud.origin}", tier: 1, api_key: key }
ledger: { url: "${url}" }
`
}

/** Its address. */
async function serve(t: TestContext, config: string): Promise<string> {
  const running = spillway(t, ['serve'], { cwd: folderWith(t, { 'spillway.yaml': config }), env })
  const [, url] = await running.says(/Spillway listens on (http:\S+) /)
  return url!
}
