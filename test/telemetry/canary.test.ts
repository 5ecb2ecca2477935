import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask } from '../../src/core/ask.ts'
import type { Event } from '../../src/core/event.ts'
import { Fault, type FaultKind } from '../../src/core/fault.ts'
import { logger } from '../../src/telemetry/log.ts'
import { openHouse } from './admin-house.ts'
import { refused, settled, someAsk } from './asks.ts'

const secret = 'canary-7f3a'

test('what was asked, answered or held as a key is in no log, no metric and no view', async (t) => {
  const house = await openHouse(t)
  const watched = watchEvents(house.port)
  while (house.listeners.size === 0) await new Promise(setImmediate)
  let told = ''
  const logs = (['json', 'pretty'] as const).map((format) =>
    logger({ write: (lines) => (told += lines.toString()), format }),
  )
  const events = tellingEvents()
  for (const event of events) {
    house.emit(event)
    for (const log of logs) log(event)
  }
  for (const log of logs) log.flush()
  for (const path of ['/metrics', '/api/feed', '/api/asks', '/api/upstreams']) told += (await house.get(path)).text
  // In flight while the last of the events may still be on its way.
  while ((told + watched.text()).split('data: ').length <= events.length) await new Promise(setImmediate)
  told += watched.text()
  watched.stop()

  assert.match(told, /ask-1/, 'the ask itself is told of')
  assert.doesNotMatch(told, new RegExp(secret))
})

/** Every kind of event about an ask, with a secret in every place where one could be. */
function tellingEvents(): Event[] {
  const ask = {
    ...someAsk(),
    body: {
      messages: [{ role: 'user', content: secret }],
      user: secret,
      metadata: { [secret]: secret },
      tools: [{ name: secret }],
    },
    raw: Buffer.from(`{"messages":"${secret}"}`),
    // More than the types allow: a careless layer may add it.
    caller: { ...someAsk().caller, key: secret, authorization: `Bearer ${secret}` },
    headers: [['authorization', secret]] as const,
    signal: AbortSignal.abort(new Error(secret)),
  } as Ask
  const upstream = 'gpu-1'
  const kinds = [
    'upstream-refused',
    'upstream-broke',
    'bad-request',
    'internal',
    'cancelled',
    'upstream-busy',
  ] satisfies FaultKind[]
  const faults = kinds.map(
    (kind) => new Fault(kind, `You said ${secret}.`, { cause: new Error(secret), code: `invalid ${secret}` }),
  )
  return [
    { type: 'ask-arrived', ask },
    { type: 'ask-queued', ask, ahead: 2 },
    { type: 'ask-granted', ask, upstream, tier: 0, waitMs: 1, spilled: false },
    {
      type: 'attempt-failed',
      ask,
      upstream,
      midStream: true,
      kind: 'upstream-broke',
      reason: `The server said ${secret}.`,
    },
    { type: 'first-token', ask, upstream, afterMs: 3 },
    settled(ask),
    ...faults.flatMap((fault) => [settled(ask, { fault }), refused(ask, fault)]),
  ]
}

function watchEvents(port: number): { text: () => string; stop: () => void } {
  const stop = new AbortController()
  let text = ''
  const read = async (): Promise<void> => {
    const { body } = await fetch(`http://127.0.0.1:${port}/api/events`, { signal: stop.signal })
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) text += chunk
  }
  read().catch((error: Error) => assert.equal(error.name, 'AbortError'))
  return { text: () => text, stop: () => stop.abort() }
}
