import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { forget } from './forget.ts'
import { readRecording } from './read.ts'

const folder = mkdtempSync(join(tmpdir(), 'spillway-forget-'))
after(() => rmSync(folder, { recursive: true }))

const settings = (...callers: string[]): string =>
  JSON.stringify({
    type: 'settings',
    version: 1,
    at: 1,
    spillway: '0.1.0',
    upstreams: [],
    queue: { max: 1, patience_ms: 1 },
    callers: callers.map((name) => ({ name, weight: 1, priority: 'default', cloud: 'allowed' })),
  })

const request = (caller: string, at: number): string =>
  JSON.stringify({
    type: 'request',
    at,
    caller,
    model: 'alice',
    dialect: 'openai-chat',
    stream: true,
    priority: 'default',
    cloud: 'allowed',
    patience_ms: 1,
    needs: [],
    prompt_tokens: 1,
    blocks: [[0, 4], 9],
    attempts: 1,
    wait_ms: 0,
    total_ms: 1,
    output_tokens: 1,
  })

test('a caller who is forgotten has another name in every file that nobody writes to, and all else stays', () => {
  const nowMs = Date.now()
  const old = new Date(nowMs - 86_400_000)
  const written = (name: string, ...lines: string[]): void => writeFileSync(join(folder, name), lines.join('\n'))
  written('a.jsonl', settings('alice', 'bob'), request('alice', 2), request('bob', 3), '{"caller":"alice","torn')
  written('b.jsonl', settings('bob'), request('bob', 4), '')
  written('c.open.jsonl', settings('alice'), request('alice', 5), '')
  written('d.open.jsonl', settings('alice'), request('alice', 6), '')
  for (const name of ['a.jsonl', 'd.open.jsonl']) utimesSync(join(folder, name), old, old)
  const untouched = readFileSync(join(folder, 'b.jsonl'), 'utf8')

  assert.deepEqual(forget(folder, 'alice', 'c7', nowMs), { files: 2, left: [join(folder, 'c.open.jsonl')] })
  assert.deepEqual(
    readRecording(folder).requests.map(({ caller, model }) => [caller, model]),
    [
      ['c7', 'alice'],
      ['bob', 'alice'],
      ['bob', 'alice'],
      ['alice', 'alice'],
      ['c7', 'alice'],
    ],
  )
  const { requests, settings: rows } = readRecording(join(folder, 'a.jsonl'))
  assert.deepEqual(
    rows[0]!.callers.map(({ name }) => name),
    ['c7', 'bob'],
  )
  assert.deepEqual(requests[0]!.blocks, [0, 1, 2, 3, 9])
  assert.ok(!readFileSync(join(folder, 'a.jsonl'), 'utf8').includes('"caller":"alice"'))
  assert.equal(statSync(join(folder, 'a.jsonl')).mtimeMs, old.getTime())
  assert.equal(readFileSync(join(folder, 'b.jsonl'), 'utf8'), untouched)
  assert.deepEqual(readdirSync(folder).sort(), ['a.jsonl', 'b.jsonl', 'c.open.jsonl', 'd.open.jsonl'])
})

test('where nothing was recorded nobody has to be forgotten', () => {
  assert.deepEqual(forget(join(folder, 'nowhere'), 'alice', 'c7', 0), { files: 0, left: [] })
})
