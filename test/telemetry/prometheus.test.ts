import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../src/core/fault.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { openHouse } from './admin-house.ts'
import { measured, refused, settled, someAsk } from './asks.ts'

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined
const skipWithout = (program: string): { skip: string | false } => ({
  skip: has(program) ? false : `${program} is not installed`,
})

test('promtool finds nothing to complain about', skipWithout('promtool'), () => {
  const metrics = new Metrics(measured)
  const ask = someAsk()
  metrics.listen({ type: 'ask-granted', ask, upstream: 'haiku', tier: 1, waitMs: 3, spilled: true })
  metrics.listen({ type: 'first-token', ask, upstream: 'haiku', afterMs: 20 })
  metrics.listen({
    type: 'attempt-failed',
    ask,
    upstream: 'gpu-1',
    midStream: false,
    kind: 'upstream-busy',
    reason: '',
  })
  metrics.listen(settled(ask, { predicted: { waitMs: 100, firstTokenMs: 500, totalMs: 2_000 } }))
  metrics.listen(
    refused(
      someAsk({ caller: { ...ask.caller, id: 'a "quoted"\nback\\slash ✓ \ud800' } }),
      new Fault('queue-full', ''),
    ),
  )
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: metrics.render(),
    encoding: 'utf8',
  })
  assert.equal(stdout + stderr, '')
  assert.equal(status, 0)
})

test('a real Prometheus scrapes it and answers queries about it', skipWithout('prometheus'), async (t) => {
  const house = await openHouse(t, { token: 's3cret' })
  const caller = { ...someAsk().caller, id: 'a "quoted"\nback\\slash' }
  for (let n = 0; n < 3; n += 1) house.emit(settled(someAsk({ caller })))
  const query = await startPrometheus(t, house.port, 's3cret')

  assert.equal(await query('up'), '1')
  assert.equal(await query('sum(spillway_requests_total{status="200",upstream="gpu-1"})'), '3')
  assert.equal(await query(`spillway_tokens_total{direction="output",caller=${JSON.stringify(caller.id)}}`), '102')
  assert.equal(await query('spillway_queue_depth'), '3')
  assert.equal(await query('spillway_upstream_limit - spillway_upstream_in_flight'), '2')
  assert.equal(await query('histogram_quantile(1, sum by (le) (spillway_request_duration_seconds_bucket))'), '2.5')
})

type Query = (expression: string) => Promise<string | undefined>

/** A Prometheus of one's own, with one target. Resolves when it has scraped. */
async function startPrometheus(t: TestContext, port: number, token: string): Promise<Query> {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'))
  const config = join(folder, 'prometheus.yml')
  const target = {
    job_name: 'spillway',
    authorization: { credentials: token },
    static_configs: [{ targets: [`127.0.0.1:${port}`] }],
  }
  // JSON is YAML.
  writeFileSync(config, JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: [target] }))
  const address = `127.0.0.1:${await freePort()}`
  const prometheus = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  )
  const exited = new Promise((resolve) => prometheus.on('exit', resolve))
  t.after(async () => {
    prometheus.kill('SIGKILL')
    await exited
    rmSync(folder, { recursive: true })
  })

  const query: Query = async (expression) => {
    const answer = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(expression)}`)
    const { data } = (await answer.json()) as { data: { result: readonly { value: readonly [number, string] }[] } }
    return data.result[0]?.value[1]
  }
  for (const until = Date.now() + 20_000; Date.now() < until;) {
    // It takes a moment to listen, and a second more to scrape.
    if ((await query('up').catch(() => undefined)) !== undefined) return query
    await sleep(100)
  }
  throw new Error('Prometheus did not scrape within 20 seconds.')
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
