import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Agent, fetch as usualFetch, getGlobalDispatcher, setGlobalDispatcher } from 'undici'
import { patientFetch } from './patient.ts'

test('who asks a gateway waits beyond the time that HTTP clients give an answer', async (t) => {
  const server = createServer((_, response) => void setTimeout(() => response.end('late'), 2_500))
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  // Five minutes, made short.
  const usual = getGlobalDispatcher()
  setGlobalDispatcher(new Agent({ headersTimeout: 500, bodyTimeout: 500 }))
  t.after(() => setGlobalDispatcher(usual))
  const request = { method: 'POST', headers: {}, body: '{}', signal: AbortSignal.timeout(30_000) } as const
  const impatient = assert.rejects(usualFetch(url, request))
  const answer = await patientFetch(url, request)
  assert.equal(await answer.text(), 'late')
  await impatient
})
