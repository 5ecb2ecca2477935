import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { fixture } from '../../test/conformance/fixtures.ts'
import { folderWith, spillway } from './process.test-helper.ts'

const good = 'upstreams:\n  - { name: box, kind: ollama, url: "${BOX}", concurrency: 2 }\ncache: { enabled: true }\n'

test('every fault of a file is a line on stderr, and the exit code is 1', async (t) => {
  const cwd = folderWith(t, { 'bad.yaml': 'upstreams:\n  - { name: box, kind: olama, url: box }\nquue: 1\n' })
  const { code, out, err } = await spillway(t, ['check', 'bad.yaml'], { cwd }).ended
  assert.equal(code, 1)
  assert.equal(out, '')
  const lines = err.trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => line.split(': ')[0]),
    ['bad.yaml:2:24 upstreams[0].kind', 'bad.yaml:2:36 upstreams[0].url', 'bad.yaml:3:1 quue'],
  )
})

test('a good file is ok, with its servers and what they will not do, and without what the environment holds', async (t) => {
  const cwd = folderWith(t, { 'spillway.yaml': good })
  const { code, out, err } = await spillway(t, ['check'], { cwd, env: { BOX: 'http://10.1.2.3:11434' } }).ended
  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /^spillway\.yaml is ok\.\nbox: Ollama at \(url from the environment\), tier 0, concurrency 2\n/)
  assert.match(out, /^warning: spillway\.yaml:3:1 cache: nothing is cached by this version$/m)
  assert.doesNotMatch(out, /10\.1\.2\.3/)
})

test('a file may be named in two ways, and one that is missing is one sentence', async (t) => {
  const cwd = folderWith(t, {})
  const runs = [['check', 'no.yaml'], ['check', '--config', 'no.yaml'], ['check']]
  const ended = await Promise.all(runs.map((words) => spillway(t, words, { cwd }).ended))
  const missing = 'no.yaml: there is no such file\n'
  assert.deepEqual(
    ended.map(({ code, err }) => [code, err]),
    [
      [1, missing],
      [1, missing],
      [1, 'There is no spillway.yaml in this folder; name a file: spillway check FILE.\n'],
    ],
  )
})

test('--probe asks each server once, tells what it serves, and fails when one does not answer', async (t) => {
  const server = createServer(({ url = '' }, response) => {
    const name = { '/api/version': 'version', '/api/tags': 'tags', '/api/ps': 'ps-empty' }[url]
    if (name === undefined) response.writeHead(404).end()
    else response.end(fixture(`ollama/${name}`).body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const box = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const cwd = folderWith(t, {
    'one.yaml': good,
    'two.yaml': good.replace('cache', '  - { name: gone, kind: ollama, url: "http://127.0.0.1:1" }\ncache'),
  })
  const [one, two] = await Promise.all(
    ['one.yaml', 'two.yaml'].map(
      (file) => spillway(t, ['check', join(cwd, file), '--probe'], { env: { BOX: box } }).ended,
    ),
  )
  assert.match(one?.out ?? '', /^box: up, version \d+\.\d+\.\d+, serves \w/m)
  assert.equal(one?.code, 0)
  assert.match(two?.out ?? '', /^gone: refuses connections$/m)
  assert.equal(two?.code, 1)
})
