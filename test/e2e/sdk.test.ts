import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type ChatParams, connect, type Connection, createGateway, Fault, type Hooks } from '../../src/index.ts'
import { recital, thought } from '../../src/sim/recital.ts'
import type { ServerOptions } from '../../src/sim/server-spec.ts'
import { listen } from '../../src/sim/sockets.ts'
import { endless, model, stand, stops, until } from './rig.ts'
import { backendKind, type Kind, kinds, Witness } from './witness.ts'

type Open = (
  t: TestContext,
  kind: Kind,
  hooks?: Hooks,
  options?: ServerOptions,
) => Promise<{ readonly client: Connection; readonly server: Witness }>

/** The typed client, with the gateway in this process and with one at an address. */
const lines: Readonly<Record<string, Open>> = {
  'createGateway()': async (t, kind, hooks, options) => {
    const server = new Witness(kind, options)
    const socket = await listen(server)
    const upstream = { name: kind, kind: backendKind(kind), url: socket.origin }
    const client = await createGateway({ upstreams: [upstream] }, hooks && { hooks })
    t.after(async () => {
      await client.close()
      await socket.close()
    })
    return { client, server }
  },
  'connect(url)': async (t, kind, hooks, options) => {
    const server = new Witness(kind, options)
    const { url } = await stand(t, [server])
    return { client: connect(url, hooks && { hooks }), server }
  },
}

const asked = 'Say 12 words.'
const params: ChatParams = { model, messages: [{ role: 'user', content: asked }] }
const tools = [
  {
    type: 'function',
    function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
  },
]

for (const kind of kinds) {
  for (const [name, open] of Object.entries(lines)) {
    test(`${name} before ${kind} chats, with counts and with whom it was that spoke`, async (t) => {
      const { client } = await open(t, kind)
      const { text, thinking, toolCalls, finishReason, usage, upstream, decision } = await client.chat(params)
      assert.deepEqual([text, thinking, toolCalls, finishReason, upstream], [recital(asked), '', [], 'stop', kind])
      assert.deepEqual([usage.promptTokens, usage.outputTokens, usage.estimated], [4, 12, undefined])
      assert.notEqual(decision, '')
      const cut = await client.chat({ ...params, max_tokens: 5 })
      assert.deepEqual([cut.text, cut.finishReason], [recital(asked, 5), 'length'])
    })

    test(`${name} before ${kind} streams every token once and in order, thoughts apart, and the whole at the end`, async (t) => {
      const { client } = await open(t, kind, undefined, {
        models: [{ name: model, contextTokens: 64_000, thinks: true }],
      })
      const stream = await client.stream({ ...params, reasoning_effort: 'high' })
      const heard = { 'text-delta': '', 'thinking-delta': '' }
      const ends: string[] = []
      for await (const part of stream) {
        if (part.type === 'text-delta' || part.type === 'thinking-delta') heard[part.type] += part.text
        else ends.push(part.type)
      }
      const result = await stream.result
      assert.deepEqual(heard, { 'text-delta': recital(asked), 'thinking-delta': thought(asked) })
      assert.deepEqual(ends, ['finish', 'usage'])
      assert.deepEqual([result.text, result.thinking], [recital(asked), thought(asked)])
    })

    test(`${name} before ${kind} gets a tool call with its arguments`, async (t) => {
      const { client } = await open(t, kind)
      const { toolCalls, finishReason } = await client.chat({ ...params, tools })
      assert.deepEqual([toolCalls.length, toolCalls[0]?.name, finishReason], [1, 'weather', 'tool-calls'])
      assert.deepEqual(Object.keys(JSON.parse(toolCalls[0]!.arguments) as object), ['city'])
    })

    test(`${name} before ${kind} calls each hook once, and what they change is what is asked`, async (t) => {
      const called: string[] = []
      const { client, server } = await open(t, kind, {
        transformParams: (body, { model: named }) => {
          called.push(`transform ${named}`)
          return { ...body, messages: [{ role: 'user', content: 'Say 3 words.' }] }
        },
        onFinish: ({ usage, upstream, attempts }) =>
          called.push(`finish ${usage.outputTokens} ${upstream} ${attempts}`),
        onError: ({ code }) => called.push(`error ${code}`),
      })
      assert.equal((await client.chat(params)).text, recital('Say 3 words.'))
      await until(() => called.length > 1, 1_000, 'it was told that it is over')
      assert.deepEqual(called, [`transform ${model}`, `finish 3 ${kind} 1`])
      assert.equal(server.heard.length, 1)
    })

    test(`${name} before ${kind} throws the Fault that happened, and tells the hook once`, async (t) => {
      const called: string[] = []
      const { client, server } = await open(t, kind, {
        onFinish: () => called.push('finish'),
        onError: ({ kind: fault }) => called.push(fault),
      })
      const unknown = await client.chat({ ...params, model: 'nobody' }).catch((error: unknown) => error)
      assert.ok(unknown instanceof Fault)
      assert.deepEqual([unknown.kind, unknown.status, unknown.code], ['no-such-model', 404, 'model_not_found'])
      server.mischief = { after: 5, by: 'reset' }
      let heard = ''
      const stream = await client.stream(params)
      const broken = await Array.fromAsync(
        stream,
        (part) => (heard += part.type === 'text-delta' ? part.text : ''),
      ).catch((error: unknown) => error)
      assert.ok(broken instanceof Fault && broken.kind === 'upstream-broke', String(broken))
      assert.equal(heard, recital(asked, 5))
      await assert.rejects(stream.result, { kind: 'upstream-broke' })
      assert.deepEqual(called, ['no-such-model', 'upstream-broke'])
    })

    test(`${name} before ${kind} stops the server when it goes away, by a signal or by not reading on`, async (t) => {
      const called: string[] = []
      const { client, server } = await open(t, kind, { onError: ({ kind: fault }) => called.push(fault) })
      const leaving = new AbortController()
      const long = { ...params, messages: [{ role: 'user', content: endless }] }
      const stream = await client.stream(long, { signal: leaving.signal })
      await assert.rejects(
        async () => {
          for await (const part of stream) if (part.type === 'text-delta') leaving.abort()
        },
        { kind: 'cancelled' },
      )
      await assert.rejects(stream.result, { kind: 'cancelled' })
      await stops(server)
      for await (const part of await client.stream(long)) if (part.type === 'text-delta') break
      await stops(server)
      await assert.rejects(client.chat(long, { signal: AbortSignal.timeout(50) }), { kind: 'cancelled' })
      await stops(server)
      assert.equal(server.ledger.aborted, 3)
      assert.deepEqual(called, ['cancelled', 'cancelled', 'cancelled'])
    })
  }
}
