import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { endless, model, stand } from '../e2e/rig.ts'
import { Witness } from '../e2e/witness.ts'
import { RawClient } from './raw.ts'

/**
 * A request is small, and what it costs is not to be large: no more than a hundred times its bytes in memory, and than a
 * hundred times what it took to send it. Each bomb here is the worst of its kind that is let in, or one beyond.
 */

const mebi = 1024 * 1024

const bodyWith = (more: string): string =>
  `{"model":"${model}","max_tokens":1,"messages":[{"role":"user","content":"Say 1 word."}],"x":${more}}`

const many = (one: string, count: number, open = '[', close = ']'): string =>
  `${open}${Array.from({ length: count }, () => one).join(',')}${close}`

const bombs: Readonly<Record<string, () => string>> = {
  'ten megabytes of small arrays': () => bodyWith(many('[]', 3_333_333)),
  'as many small arrays as are let in': () => bodyWith(many('[]', 120_000)),
  'as many small objects as are let in': () => bodyWith(many('{}', 120_000)),
  'objects with a name of their own for each field': () =>
    bodyWith(`{${Array.from({ length: 240_000 }, (_, at) => `"k${at}":1`).join(',')}}`),
  'a million brackets': () => bodyWith('['.repeat(mebi)),
  'as deep as is let in, again and again': () => bodyWith(many('['.repeat(60) + ']'.repeat(60), 4_000)),
  'a number of a million digits': () => bodyWith('9'.repeat(mebi)),
  'numbers with a thousand digits each': () => bodyWith(many('1e-' + '9'.repeat(1_000), 5_000)),
  'a string of escapes': () => bodyWith(`"${'\\u0041'.repeat(mebi)}"`),
  'a string of backslashes': () => bodyWith(`"${'\\\\'.repeat(2 * mebi)}"`),
  'a string that never ends': () => bodyWith(`"${'\\"'.repeat(2 * mebi)}`),
  'a hundred thousand messages': () =>
    `{"model":"${model}","max_tokens":1,"messages":${many('{"role":"user","content":"a"}', 80_000)}}`,
  'a message of a hundred thousand parts': () =>
    `{"model":"${model}","max_tokens":1,"messages":[{"role":"user","content":${many('{"type":"text","text":"a"}', 80_000)}}]}`,
  'ten thousand tools': () =>
    `{"model":"${model}","max_tokens":1,"messages":[{"role":"user","content":"a"}],"tools":${many('{"type":"function","function":{"name":"a","parameters":{}}}', 10_000)}}`,
  'the same field again and again': () => `{${many(`"model":"${model}"`, 200_000, '', '')}}`,
  'a name of a megabyte for its model': () => `{"model":"${'m'.repeat(mebi)}","messages":[]}`,
  'white space without end': () => bodyWith(`${' '.repeat(8 * mebi)}1`),
}

interface Cost {
  readonly status: number
  readonly bytes: number
  readonly cpuMs: number
  readonly heapBytes: number
}

async function costOf(url: string, body: string): Promise<Cost> {
  const bytes = Buffer.from(body)
  const before = { cpu: process.cpuUsage(), heap: process.memoryUsage() }
  let most = 0
  const used = ({ heapUsed, external }: NodeJS.MemoryUsage): number => heapUsed + external
  const looking = setInterval(() => (most = Math.max(most, used(process.memoryUsage()))), 1)
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: bytes,
  })
  await response.text()
  most = Math.max(most, used(process.memoryUsage()))
  clearInterval(looking)
  const { user, system } = process.cpuUsage(before.cpu)
  return {
    status: response.status,
    bytes: bytes.length,
    cpuMs: (user + system) / 1_000,
    heapBytes: most - used(before.heap),
  }
}

suite('A bomb', () => {
  for (const [name, make] of Object.entries(bombs)) {
    for (const kind of ['vllm', 'ollama'] as const) {
      test(`of ${name} costs little more than to send it, towards ${kind}`, async (t) => {
        const { url } = await stand(t, [new Witness(kind, { engine: { loadMs: 0 } })])
        await costOf(url, bodyWith('1'))
        const { status, bytes, cpuMs, heapBytes } = await costOf(url, make())
        t.diagnostic(`${status}, ${bytes} B, ${cpuMs.toFixed(0)} ms, ${(heapBytes / bytes).toFixed(1)}x in memory`)
        assert.ok(status < 500, String(status))
        // With a server, its client and the parsing of both in one process; small ones drown in what else it does.
        assert.ok(heapBytes <= 100 * Math.max(bytes, 256 * 1024), `${heapBytes} bytes of memory for ${bytes}`)
        assert.ok(cpuMs <= 1_500, `${cpuMs} ms for ${bytes} bytes`)
      })
    }
  }

  test('of headers is refused before it is read', async (t) => {
    const { url } = await stand(t, [new Witness('vllm')])
    for (const headers of [
      Array.from({ length: 3_000 }, (_, at) => `x-${at}: 1`).join('\r\n'),
      `x: ${'y'.repeat(200_000)}`,
    ]) {
      const client = new RawClient(Number(new URL(url).port))
      t.after(() => client.close())
      client.send(`POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n`)
      assert.equal((await client.answer())?.status, 431)
    }
  })

  test('of requests on one connection is cut short, and starts no more of them than a few', async (t) => {
    const server = new Witness('vllm', { engine: { loadMs: 0 } })
    const { url, gateway } = await stand(t, [server])
    const client = new RawClient(Number(new URL(url).port))
    t.after(() => client.close())
    const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: endless }] })
    const one = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    client.send(one.repeat(500))
    await wait(300)
    assert.ok(gateway.asks().length <= 32, String(gateway.asks().length))
    client.close()
    const from = performance.now()
    while (gateway.asks().length > 0) {
      assert.ok(performance.now() - from < 2_000)
      await wait(5)
    }
  })
})
