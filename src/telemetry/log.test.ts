import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { refused, settled, someAsk } from '../../test/telemetry/asks.ts'
import type { Event } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import { logger } from './log.ts'

function logged(format: 'json' | 'pretty', ...events: Event[]): string {
  let text = ''
  const log = logger({ write: (more) => (text += more.toString()), format, epochMs: () => 1_700_000_000_000 })
  for (const event of events) log(event)
  log.flush()
  return text
}

test('a served ask is one line with all that is known of it', () => {
  assert.deepEqual(JSON.parse(logged('json', settled(someAsk()))), {
    time: '2023-11-14T22:13:20.000Z',
    level: 'info',
    event: 'ask-settled',
    id: 'ask-1',
    caller: 'chat-ui',
    model: 'llama3.1:8b',
    dialect: 'openai.chat',
    upstream: 'gpu-1',
    tier: 0,
    status: 200,
    decision: 'queued 0.3s; loaded',
    attempts: 1,
    input_tokens: 12,
    output_tokens: 34,
    wait_ms: 250,
    first_token_ms: 400,
    total_ms: 2_000,
  })
})

test('a stream that was carried on has a line of its own, and the line of its end says how often', () => {
  const ask = someAsk()
  const event = { type: 'resumed', ask, from: 'gpu-1', upstream: 'gpu-2', outcome: 'carried-on', afterMs: 3 } as const
  const {
    level,
    from,
    upstream,
    outcome,
    wait_ms: waitMs,
  } = JSON.parse(logged('json', event)) as Record<string, unknown>
  assert.deepEqual([level, from, upstream, outcome, waitMs], ['info', 'gpu-1', 'gpu-2', 'carried-on', 3])
  assert.match(stripVTControlCharacters(logged('pretty', event)), /resume .*gpu-1 → gpu-2: carried-on/)
  assert.equal((JSON.parse(logged('json', settled(ask, { resumes: 2 }))) as { resumes: unknown }).resumes, 2)
})

test('a fault is told by its kind, and never in the words of a server that may quote the prompt', () => {
  const fault = new Fault('upstream-broke', 'You asked about my divorce.', { code: 'no-divorce' })
  const line = logged('json', settled(someAsk(), { fault }))
  assert.equal(JSON.parse(line).fault, 'upstream-broke')
  assert.doesNotMatch(line, /divorce/)
})

test('the level says whose business it is', () => {
  const levels = (['bad-request', 'queue-full', 'upstream-broke', 'internal'] as const).map(
    (kind) => JSON.parse(logged('json', refused(someAsk(), new Fault(kind, '')))).level,
  )
  assert.deepEqual(levels, ['info', 'warn', 'warn', 'error'])
})

test('an ask on its way makes no line; its end does', () => {
  const ask = someAsk()
  assert.equal(
    logged('json', { type: 'ask-arrived', ask }, { type: 'first-token', ask, upstream: 'gpu-1', afterMs: 1 }),
    '',
  )
})

test('whoever wants to know more, or less, says from which level on', () => {
  const ask = someAsk()
  const events: Event[] = [
    { type: 'first-token', ask, upstream: 'gpu-1', afterMs: 1 },
    settled(ask),
    refused(ask, new Fault('queue-full', '')),
  ]
  const linesFrom = (level: 'debug' | 'warn'): number => {
    let text = ''
    const log = logger({ write: (more) => (text += more.toString()), format: 'pretty', level })
    events.forEach(log)
    log.flush()
    return text.trimEnd().split('\n').length
  }
  assert.deepEqual([linesFrom('debug'), linesFrom('warn')], [3, 1])
})

test('lines that come close together are one write', async () => {
  const writes: string[] = []
  const log = logger({ write: (lines) => writes.push(lines.toString()), format: 'json' })
  for (let n = 0; n < 100; n += 1) log(settled(someAsk()))
  assert.equal(writes.length, 0)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(writes.length, 1)
  assert.equal(writes[0]?.split('\n').length, 101)
})

test('what a stranger calls a model cannot break a line, move a cursor or fill a disk', () => {
  const model = `\u001b[2J\r\n{"level":"error"}\u0085\u202e${'x'.repeat(10_000)}`
  for (const format of ['json', 'pretty'] as const) {
    const line = stripVTControlCharacters(logged(format, refused(someAsk({ model }), new Fault('no-such-model', ''))))
    assert.equal(line.indexOf('\n'), line.length - 1)
    assert.doesNotMatch(line.slice(0, -1), /[\u0000-\u001f\u0085\u202e]/)
    assert.ok(line.length < 600)
  }
})

test('people read who asked for what, where it went, what it cost and why', () => {
  const line = stripVTControlCharacters(logged('pretty', settled(someAsk())))
  assert.match(
    line,
    /^\d\d:\d\d:\d\d 200 chat-ui llama3.1:8b → gpu-1 12 in 34 out · first 400ms · total 2.0s · queued 0.3s; loaded\n$/,
  )
})

test('people read of every kind of event', () => {
  const ask = someAsk()
  const text = stripVTControlCharacters(
    logged(
      'pretty',
      refused(ask, new Fault('queue-full', '')),
      { type: 'request-refused', kind: 'unauthorized', status: 401, dialect: 'openai.chat' },
      { type: 'attempt-failed', ask, upstream: 'gpu-1', midStream: false, kind: 'upstream-busy', reason: '' },
      { type: 'upstream-changed', upstream: 'gpu-1', up: false, reason: 'It refused the connection.' },
      { type: 'notice', level: 'warn', text: 'The config has changed.' },
    ),
  )
  assert.deepEqual(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(9)),
    [
      '429 chat-ui llama3.1:8b queue-full total 2.0s · queued 0.3s; loaded',
      '401 refused at the door: unauthorized',
      'try chat-ui llama3.1:8b → gpu-1 failed: upstream-busy',
      'down gpu-1 It refused the connection.',
      'warn The config has changed.',
    ],
  )
})

test('what is held back when the process exits is written all the same', () => {
  const script = `
    import { logger } from ${JSON.stringify(new URL('./log.ts', import.meta.url).href)}
    logger({ write: (text) => process.stdout.write(text), format: 'json' })({ type: 'notice', level: 'info', text: 'last words' })
    process.exit(3)`
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module-typescript', '--eval', script], {
    encoding: 'utf8',
  })
  assert.equal(status, 3)
  assert.equal(JSON.parse(stdout).text, 'last words')
})
