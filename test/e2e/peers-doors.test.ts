/** What gateways like this one have been seen to let through. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { oddAsks, oddTargets } from '../http/odd-requests.ts'
import { RawClient } from '../http/raw.ts'
import { heardOf, post, wires } from './raw.ts'
import { stage } from './rig.ts'
import { kinds } from './witness.ts'

suite('Of malformed requests none reaches a server, nor does one that hides behind another', () => {
  for (const kind of kinds) {
    for (const wire of wires) {
      test(`by ${wire.path}, before ${kind}`, async (t) => {
        const { server, url } = await stage(t, kind)
        const malformed = [...oddAsks(wire.path), ...oddTargets].filter(({ answered }) =>
          answered.every((status) => status >= 400),
        )
        assert.ok(malformed.length >= 21)
        // What a parser that was led astray would take for the next request.
        const hidden = `{"model":"llama3.1:8b","messages":[{"role":"user","content":"Hidden."}]}`
        const behind = `POST ${wire.path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`
        const clients = malformed.map(({ bytes, stays }) => {
          const client = new RawClient(Number(new URL(url).port))
          t.after(() => client.close())
          // Behind one after which the connection can be used again, another request is no secret.
          client.send(bytes + (stays ? '' : behind))
          return client.answer({ toHead: bytes.startsWith('HEAD ') })
        })
        for (const [at, answer] of (await Promise.all(clients)).entries())
          assert.ok(answer === undefined || answer.status !== 200, malformed[at]!.name)
        // Whatever came before this has been dealt with.
        assert.equal((await heardOf(await post(url, wire, 'Say 3 words.'))).broke, false)
        assert.equal(server.heard.length, 1)
      })
    }
  }
})
