import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readRecording, RecordingFault } from './read.ts'
import type { RequestRow, SettingsRow } from './rows.ts'

const folder = mkdtempSync(join(tmpdir(), 'spillway-recording-'))
after(() => rmSync(folder, { recursive: true }))

const settingsAt = (at: number): SettingsRow => ({
  type: 'settings',
  version: 1,
  at,
  spillway: '0.1.0',
  upstreams: [{ name: 'box', kind: 'ollama', tier: 0, concurrency: 'auto', context: {} }],
  queue: { max: 200, patience_ms: 8_000 },
  callers: [],
})

const requestAt = (at: number, more: Partial<RequestRow> = {}): RequestRow => ({
  type: 'request',
  at,
  caller: 'anonymous',
  model: 'llama3.1:8b',
  dialect: 'openai.chat',
  stream: true,
  priority: 'default',
  cloud: 'allowed',
  patience_ms: 8_000,
  needs: ['chat'],
  prompt_tokens: 100,
  attempts: 1,
  wait_ms: 0,
  total_ms: 900,
  output_tokens: 40,
  ...more,
})

const linesOf = (...rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

function written(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

test('requests come in the order in which they arrived, whenever they ended', () => {
  const path = written('order.jsonl', linesOf(settingsAt(1_000), requestAt(1_300), requestAt(1_100), requestAt(1_200)))
  const { requests, settings, skippedLines } = readRecording(path)
  assert.deepEqual(
    requests.map(({ at }) => at),
    [1_100, 1_200, 1_300],
  )
  assert.deepEqual(settings, [settingsAt(1_000)])
  assert.equal(skippedLines, 0)
})

test('a torn last line, and one that somebody broke, are skipped and counted', () => {
  const half = JSON.stringify(requestAt(1_300)).slice(0, 60)
  const text = `${linesOf(settingsAt(1_000), requestAt(1_100))}{"type":"request","at":\n${linesOf(requestAt(1_200))}${half}`
  const { requests, skippedLines } = readRecording(written('torn.jsonl', text))
  assert.equal(requests.length, 2)
  assert.equal(skippedLines, 2)
})

test('a process that was killed as it began has left an empty recording', () => {
  const { requests, skippedLines } = readRecording(written('begun.jsonl', '{"type":"settings","vers'))
  assert.deepEqual([requests.length, skippedLines], [0, 1])
})

test('a folder is read as one, and blocks of two files are never the same text', () => {
  const path = join(folder, 'several')
  mkdirSync(path)
  const blocks = [[0, 3], 7]
  writeFileSync(join(path, 'b.jsonl'), linesOf(settingsAt(2_000), { ...requestAt(2_100), blocks }))
  writeFileSync(join(path, 'a.jsonl'), linesOf(settingsAt(1_000), { ...requestAt(1_100), blocks }))
  writeFileSync(join(path, 'notes.txt'), 'not one of them')
  const { requests, settings } = readRecording(path)
  assert.deepEqual(
    requests.map((row) => row.blocks),
    [
      [0, 1, 2, 7],
      [8, 9, 10, 15],
    ],
  )
  assert.equal(settings.length, 2)
})

test('a part of the time has its own requests, and the settings that held', () => {
  const rows = [settingsAt(1_000), requestAt(1_100), settingsAt(1_500), requestAt(1_900), requestAt(2_500)]
  const path = written('part.jsonl', linesOf(...rows, settingsAt(3_000)))
  const { requests, settings } = readRecording(path, { since: 1_800, until: 2_000 })
  assert.deepEqual([requests.map(({ at }) => at), settings.map(({ at }) => at)], [[1_900], [1_500]])
})

test('what is no recording is said in a sentence', () => {
  const empty = join(folder, 'empty')
  mkdirSync(empty)
  const version = linesOf({ ...settingsAt(1_000), version: 2 })
  const cases: readonly [path: string, says: RegExp][] = [
    [join(folder, 'nowhere'), /^There is no recording at .*nowhere \(ENOENT\)\.$/],
    [empty, /^There are no recordings in .*empty\.$/],
    [
      written('trace.jsonl', '{"timestamp":1}\n'),
      /trace\.jsonl is no recording: it does not begin with its settings\.$/,
    ],
    [written('later.jsonl', version), /later\.jsonl is of version 2, and this Spillway reads version 1\.$/],
  ]
  for (const [path, says] of cases)
    assert.throws(
      () => readRecording(path),
      (error) => error instanceof RecordingFault && says.test(error.message),
    )
})

test('lines that are longer than what is read at once are whole', () => {
  const callers = Array.from({ length: 30_000 }, (_, number) => ({
    name: `caller-${number}-ä`,
    weight: 1,
    priority: 'default' as const,
    cloud: 'allowed' as const,
  }))
  const head = { ...settingsAt(1_000), callers }
  const { settings, requests } = readRecording(written('long.jsonl', linesOf(head, requestAt(1_100))))
  assert.deepEqual(settings, [head])
  assert.equal(requests.length, 1)
})
