/** Two real llama-servers under load, of which one is killed and started again. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { llama, missing } from './llama.ts'
import { Crowd, type Heard, model, scriptOf } from './llama/crowd.ts'
import { pair, slowly, speaks, spokeAt, well } from './llama/pair.ts'
import { open, until } from './rig.ts'
import { ownAddress } from './own-address.ts'

const skip = await missing()

/** On a machine that has something else to do it is later than it should be. */
const slackMs = 4_000
const backWithinMs = 2_000

const told = (heard: readonly Heard[]): string => {
  const failed = heard.filter(({ error }) => error !== undefined)
  return `${heard.length} answers, ${failed.length} broken: ${[...new Set(failed.map(({ error }) => String(error)))].join(' | ')}`
}

suite('A real llama-server that is killed under load', { skip }, () => {
  for (const resume of [false, true]) {
    const what = resume
      ? 'is not missed by anybody where streams are carried on'
      : 'is missed only by those to whom it was speaking, and they are told'
    test(`${what}, and serves again soon after it is back`, async (t) => {
      const { url, servers, script, noted } = await pair(t, [20, 32, 48, 80], { models: { [model]: { resume } } })
      const crowd = new Crowd(url, script, { callers: 12, wholeOneIn: 3 })
      await until(() => crowd.heard.length > 24 && speaks(noted, 'box-0'), 30_000, 'it speaks, as it has for a while')
      servers[0].kill()
      const killedAt = performance.now()
      await wait(1_000)
      await servers[0].restart()
      const wellAt = await well(servers[0])
      await until(() => spokeAt(noted, 'box-0', wellAt) !== undefined, 20_000, 'it serves again')
      const backMs = spokeAt(noted, 'box-0', wellAt)! - wellAt
      const heard = await crowd.end()
      t.diagnostic(`${told(heard)}; it served again ${Math.round(backMs)} ms after it was well`)
      assert.ok(heard.every(({ error, right }) => error !== undefined || right))
      const broken = heard.filter(({ error }) => error !== undefined)
      const wordless = broken.filter(({ firstAt }) => firstAt === undefined)
      assert.deepEqual(wordless, [])
      for (const { startedAt, endedAt, firstAt } of broken) {
        assert.ok(startedAt < killedAt && firstAt! < killedAt + slackMs && endedAt > killedAt, 'it was cut by the kill')
      }
      if (resume) assert.equal(broken.length, 0)
      else assert.ok(broken.length > 0, 'it was speaking')
      assert.ok(backMs < backWithinMs + slackMs, `${backMs} ms`)
    })
  }
})

suite('A real llama-server that is started after the gateway', { skip }, () => {
  test('is found and asked soon after it is well', async (t) => {
    const host = ownAddress()
    const upstreams = [{ name: 'late', kind: 'llamacpp' as const, url: `http://${host}:8080` }]
    const { url } = await open(t, { upstreams })
    const server = await llama(t, slowly, '--host', host, '--port', '8080')
    const wellAt = await well(server)
    const script = await scriptOf(server.origin, [12])
    const crowd = new Crowd(url, script, { callers: 1, wholeOneIn: 0 })
    await until(() => crowd.heard.some(({ right }) => right), 20_000, 'it is asked')
    const { firstAt } = (await crowd.end()).find(({ right }) => right)!
    t.diagnostic(`It gave its first token ${Math.round(firstAt! - wellAt)} ms after it was well`)
    assert.ok(firstAt! - wellAt < backWithinMs + slackMs)
  })
})
