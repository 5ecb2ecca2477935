import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { simulateCommand } from '../../src/cli/simulate.ts'
import type { Report } from '../../src/sim/report.ts'

/** What the command prints. */
async function printed(t: TestContext, ...options: string[]): Promise<string> {
  const log = t.mock.method(console, 'log', () => {})
  await simulateCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseAsync(options, { from: 'user' })
  log.mock.restore()
  return log.mock.calls.map(({ arguments: words }) => words.join(' ')).join('\n')
}

test('--json prints one object, the same for the same seed', async (t) => {
  const one = await printed(t, '--json', '--seed', '5', '--requests', '60')
  const report = JSON.parse(one) as Report
  assert.equal(report.seed, 5)
  assert.equal(report.requests, 60)
  assert.equal(report.whole + report.broken + report.refused + report.left, 60)
  assert.deepEqual(Object.keys(report.upstreams), ['workstation', 'gpu-server', 'cloud'])
  const { first_token: first, total } = report.predictions
  assert.ok(first.requests > 20 && total.requests > first.requests)
  assert.ok(first.median > 0 && first.median < first.p90)
  assert.equal(await printed(t, '--json', '--seed', '5', '--requests', '60'), one)
  assert.notEqual(await printed(t, '--json', '--seed', '6', '--requests', '60'), one)
})

test('people get a table of callers and machines, and a picture of the queue', async (t) => {
  const text = await printed(t, '--requests', '200', '--rate', '12', '--workload', 'bursts', '--trouble')
  for (const name of ['chat-ui', 'nightly', 'workstation', 'gpu-server', 'cloud'])
    assert.match(text, new RegExp(`^${name} .*\\d`, 'm'))
  assert.match(text, /waiting.*most \d+/)
  assert.match(text, /^first token +\d+ +×\d\.\d+ +×\d/m)
  assert.match(text, /[▁▂▃▄▅▆▇█]{3}/)
})

test('a recorded trace is a workload', async (t) => {
  const trace = fileURLToPath(new URL('traces/azure_llm_2023_conv_first500.csv', import.meta.url))
  const { requests, simulatedMs } = JSON.parse(
    await printed(t, '--json', '--trace', trace, '--requests', '40', '--rate', '4'),
  ) as Report
  assert.equal(requests, 40)
  assert.ok(simulatedMs > 5_000)
})

test('a configuration gives the fleet, its models and its callers', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'spillway.yaml')
  writeFileSync(
    file,
    `upstreams:
  - { name: box, kind: ollama, url: "http://127.0.0.1:11434", concurrency: 3 }
  - { name: far, kind: openai, url: "https://api.example.com/deep", api_key: secret, models: { serve: { "llama3.1:8b": gpt-5-mini, other: gpt-5-nano } } }
callers:
  - { name: chat, key: one, priority: interactive, models: ["llama3.1:8b"] }
  - { name: agents, key: two, cloud: never }
`,
  )
  const report = JSON.parse(await printed(t, '--json', '--config', file, '--requests', '120', '--rate', '6')) as Report
  assert.deepEqual(Object.keys(report.callers), ['agents', 'chat'])
  assert.deepEqual(Object.keys(report.upstreams), ['box', 'far'])
  assert.ok(report.upstreams['box']!.openMost <= 3)
  assert.ok(report.upstreams['far']!.served > 0)
  assert.deepEqual(report.faults['forbidden'], undefined)
})

test('options that make no sense are refused with a reason', async (t) => {
  await assert.rejects(printed(t, '--seed', 'x'), /whole number/)
  await assert.rejects(printed(t, '--requests', '0'), /at least 1/)
  await assert.rejects(printed(t, '--rate', '-1'), /above 0/)
  await assert.rejects(printed(t, '--workload', 'tides'), /poisson, bursts, day, trace/)
  await assert.rejects(printed(t, '--workload', 'trace'), /--trace FILE/)
})
