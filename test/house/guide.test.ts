/** What the guide says to paste, pasted. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { root } from '../../scripts/import-graph.ts'
import { checks } from '../../src/cli/doctor/checks/index.ts'
import { type Line, textOf } from '../../src/cli/doctor/report.ts'
import { endless, model, stage, until } from '../e2e/rig.ts'
import { ofLanguage } from './pages.ts'

const run = promisify(execFile)

/** Each with all its lines. */
const curls = ofLanguage('sh').flatMap(({ file, text }) =>
  Array.from(text.matchAll(/^curl (?:.*\\\n)*.*$/gm), ([command]) => ({ file, command })),
)

test('every curl line in the pages, as it stands, gets a good answer from a gateway', async (t) => {
  const { url, adminUrl } = await stage(t, 'ollama')
  const home = mkdtempSync(join(tmpdir(), 'spillway-curl-'))
  t.after(() => rmSync(home, { recursive: true }))
  // Ends with a fault of its own at 400 and above.
  writeFileSync(join(home, '.curlrc'), 'fail-with-body\nsilent\nshow-error\n')
  assert.ok(curls.length >= 6)
  for (const { file, command } of curls) {
    assert.match(command, /http:\/\/127\.0\.0\.1:1140[01]\//, `${file}: where would it go?`)
    const here = command.replaceAll('http://127.0.0.1:11400', url).replaceAll('http://127.0.0.1:11401', adminUrl)
    const { stdout } = await run('sh', ['-c', here], { env: { ...process.env, CURL_HOME: home } })
    assert.ok(stdout.length > 2, `${file}: ${command}`)
    if (command.includes('/api/explain')) assert.equal((JSON.parse(stdout) as Explained).decision.action, 'run')
  }
})

interface Explained {
  readonly decision: { readonly action: string }
}

test('a refusal looks as the guide shows it, and says what its headers say', async (t) => {
  const [shown] = ofLanguage('json').filter(({ text }) => text.includes('patience_exceeded'))
  const { url, gateway, server } = await stage(t, 'vllm', { upstream: { concurrency: 1 } })
  const chat = (
    content: string,
    more: Readonly<Record<string, string>> = {},
    signal?: AbortSignal,
  ): Promise<Response> =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: more,
      body: JSON.stringify({ model, messages: [{ role: 'user', content }] }),
      signal: signal ?? null,
    })
  for (let answers = 0; answers < 6; answers += 1) await (await chat('Say 60 words.')).text()
  const held = new AbortController()
  t.after(() => held.abort())
  for (const content of [endless, 'Say 60 words.', 'Say 61 words.', 'Say 62 words.'])
    chat(content, { 'x-spillway-patience-ms': '5m' }, held.signal).catch(() => {})
  await until(() => server.ledger.open > 0 && gateway.waiting === 3, 2_000, 'three wait')
  const refused = await chat('Say 60 words.', { 'x-spillway-patience-ms': '20' })
  assert.equal(refused.status, 429)
  const { error } = (await refused.json()) as { error: Record<string, unknown> }
  const { error: told } = JSON.parse(shown!.text) as { error: Record<string, unknown> }
  assert.deepEqual(Object.keys(error), Object.keys(told))
  assert.deepEqual([error['code'], error['type']], [told['code'], told['type']])
  const digits = /[\d.]+ s/g
  assert.equal((error['message'] as string).replace(digits, '_'), (told['message'] as string).replace(digits, '_'))
  assert.equal(refused.headers.get('retry-after-ms'), String(error['retry_after_ms']))
  assert.equal(refused.headers.get('x-should-retry'), 'false')
})

test('the page on the doctor names every check, and shows what it says as it says it', () => {
  const page = readFileSync(join(root, 'docs/guide/doctor.md'), 'utf8')
  const names = checks.map(({ name }) => name)
  assert.deepEqual(
    Array.from(page.matchAll(/^\| `(\w+)` \|/gm), ([, name]) => name),
    names,
  )
  const [shown] = ofLanguage('text').filter(({ file }) => file === 'docs/guide/doctor.md')
  const lines = shown!.text.trimEnd().split('\n')
  const found: Line[] = []
  for (const line of lines.slice(0, -1)) {
    const [, level, check, text] = /^(ok {2}|warn|FAIL) {2}(\w+) +(\S.*)$/.exec(line) ?? []
    const last = found.at(-1)
    if (text !== undefined) found.push({ level: level!.trim().toLowerCase() as Line['level'], check: check!, text })
    else found[found.length - 1] = { ...last!, advice: line.trim() }
  }
  assert.equal(textOf(found).replaceAll(/ +/g, ' '), lines.join('\n').replaceAll(/ +/g, ' '))
  assert.ok(found.every(({ check }) => names.includes(check)))
})

test('every metric that the guide names is one', () => {
  const guide = readFileSync(join(root, 'docs/guide/admission.md'), 'utf8')
  const metrics = readFileSync(join(root, 'src/telemetry/metrics.ts'), 'utf8')
  const named = Array.from(guide.matchAll(/\bspillway_\w+/g), ([name]) => name)
  assert.ok(named.length >= 8)
  for (const name of named) assert.ok(metrics.includes(`'${name}'`), name)
})
