/** Keys as the official clients send them, and what they make of a refusal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { model } from '../e2e/rig.ts'
import { type KeyedHouse, keyedHouse } from './house.ts'

type Say = (url: string, key: string) => Promise<unknown>

const messages = [{ role: 'user' as const, content: 'Say 2 words.' }]

const openai: Say = (url, apiKey) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 }).chat.completions.create({ model, messages })

const anthropic =
  (name: 'apiKey' | 'authToken'): Say =>
  (baseURL, key) =>
    new Anthropic({ baseURL, apiKey: null, authToken: null, [name]: key, maxRetries: 0 }).messages.create({
      model,
      max_tokens: 10,
      messages,
    })

const ollama: Say = (host, key) =>
  new Ollama({ host, headers: { authorization: `Bearer ${key}` } }).chat({ model, messages })

const clients: Readonly<Record<string, { readonly family: string; readonly say: Say }>> = {
  'openai-js': { family: 'openai', say: openai },
  '@anthropic-ai/sdk with api_key': { family: 'anthropic', say: anthropic('apiKey') },
  '@anthropic-ai/sdk with auth_token': { family: 'anthropic', say: anthropic('authToken') },
  'ollama-js': { family: 'ollama', say: ollama },
}

const statusOf = (error: unknown): unknown =>
  (error as { status?: unknown }).status ?? (error as { status_code?: unknown }).status_code

/** As the client raises it: its own class, where it has one for each status. */
async function refused(said: Promise<unknown>): Promise<{ status: unknown; name: string; message: string }> {
  const error: unknown = await said.then(
    () => assert.fail('It was answered.'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof Error)
  return { status: statusOf(error), name: error.constructor.name, message: error.message }
}

for (const [name, { family, say }] of Object.entries(clients)) {
  test(`${name} is answered with a key, and raises what it has for a wrong one and for a dialect it may not speak`, async (t) => {
    const house: KeyedHouse = await keyedHouse(t)
    const { key, id } = await house.make({ name: 'mine', dialects: [family] })
    const others = ['openai', 'anthropic', 'ollama'].filter((one) => one !== family)
    const foreign = await house.make({ name: 'foreign', dialects: others })
    await say(house.url, key)
    const forbidden = await refused(say(house.url, foreign.key))
    await house.admin('DELETE', `/api/keys/${id}`)
    const revoked = await refused(say(house.url, key))
    assert.deepEqual([forbidden.status, revoked.status], [403, 401])
    assert.match(forbidden.message, /The caller foreign may not ask in this API/)
    assert.match(revoked.message, /This key is not known here/)
    if (family !== 'ollama')
      assert.deepEqual([forbidden.name, revoked.name], ['PermissionDeniedError', 'AuthenticationError'])
  })
}
