import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answer, rig } from './scripted.ts'

test('who finds no other server to try gives back what it might have tried with, so that the next is told at once', async () => {
  const on = rig({ one: { kind: 'openai-compatible', act: () => answer(['{'], { status: 500 }) } })
  const startedAt = performance.now()
  for (let at = 0; at < 6; at += 1) {
    on.gateway.fleet.upstreams[0]!.breaker.close()
    await assert.rejects(on.ask({ model: 'm', stream: false, messages: [{ role: 'user', content: 'hi' }] }))
  }
  // Each of them has 5 seconds of patience.
  assert.ok(performance.now() - startedAt < 4_000)
})
