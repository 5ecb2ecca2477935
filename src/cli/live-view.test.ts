import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { livePicture, type LiveView, rowsOf } from './live-view.ts'

const view: LiveView = {
  servers: ['box', 'a-server-with-a-rather-long-name'].map((name) => ({
    name,
    about: 'ollama',
    condition: { word: 'up', level: 'good' },
    inFlight: 1,
    limit: 4,
  })),
  feed: {
    windowSeconds: 30,
    queued: 0,
    running: 2,
    requestsPerSecond: 1,
    outputTokensPerSecond: 1,
    served: 1,
    failed: 0,
    refused: 0,
    spilled: 0,
    firstTokenMs: undefined,
    upstreams: [],
    history: { arrived: [0, 1], queuedMost: [0, 0] },
    recent: Array.from({ length: 20 }, (_, i) => ({
      level: 'info',
      event: 'ask-settled',
      upstream: 'box',
      caller: i === 0 ? 'evil\u001B[2J' : 'ann',
    })),
  },
  remarks: ['word '.repeat(60)],
  whose: ({ caller = '' }) => caller,
}

test('the picture is no taller than the screen, whatever has to be told', () => {
  for (const rows of [20, 24, 30, 60]) {
    const lines = livePicture('head', view, { columns: 80, rows, below: 1 })
    assert.ok(rowsOf(lines, 80) + 1 < rows, `${rows}: ${rowsOf(lines, 80)}`)
    const ended = lines.filter((line) => stripVTControlCharacters(line).startsWith('✓')).length
    assert.ok(ended >= 1 && ended <= 8)
    if (rows === 60) assert.equal(ended, 8)
  }
})

test('names stand in line whatever their length, and a terminal shows them and does not obey', () => {
  const lines = livePicture('head', view, { columns: 120 })
  const servers = lines.map(stripVTControlCharacters).filter((line) => line.startsWith('up'))
  assert.equal(servers[0]!.indexOf('ollama'), servers[1]!.indexOf('ollama'))
  assert.ok(!lines.join('').includes('\u001B[2J'))
})
