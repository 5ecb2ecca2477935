/** A network that is slow, lossy, silent or wrong between the gateway and its servers. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { recital } from '../../src/sim/recital.ts'
import { listen } from '../../src/sim/sockets.ts'
import { heardOf, post, wires } from '../e2e/raw.ts'
import { model, open, type Scene } from '../e2e/rig.ts'
import { Witness } from '../e2e/witness.ts'
import { blackhole, corrupt, delay, drip, early, FaultProxy, halfOpen, resetAfter } from './proxy.ts'

const asked = 'Say 30 words.'
const [wire] = wires
/** A busy machine that runs tests needs some room. */
const slackMs = 5_000

interface Behind extends Scene {
  readonly proxy: FaultProxy
  readonly server: Witness
  readonly spare: Witness
}

/** A server behind a network that can go wrong, and with `spare` another one that is asked when the first lets one down. */
async function behind(t: TestContext, { spare = false, silence = '700ms' } = {}): Promise<Behind> {
  const [server, other] = [new Witness('vllm', { name: 'far' }), new Witness('vllm', { name: 'near' })]
  const sockets = await Promise.all([listen(server), listen(other)])
  const proxy = new FaultProxy(sockets[0].origin)
  await proxy.listen()
  const far = { name: 'far', kind: 'vllm', url: proxy.origin, concurrency: 8 }
  const near = { name: 'near', kind: 'vllm', url: sockets[1].origin, concurrency: 8, tier: 1 }
  const scene = await open(t, {
    upstreams: spare ? [far, near] : [far],
    timeouts: { connect: '1s', first_token: silence, gap: silence, heartbeat: false },
    hedge: false,
  })
  t.after(async () => {
    await proxy.close()
    await Promise.all(sockets.map((socket) => socket.close()))
  })
  return { ...scene, proxy, server, spare: other }
}

const isRight = (text: string): boolean => {
  const said = [...text.matchAll(/"content":("(?:[^"\\]|\\.)*")/g)].map(([, word]) => JSON.parse(word!) as string)
  return said.join('') === recital(asked) && /\[DONE\]\s*$/.test(text)
}

suite('Between the gateway and a server', { concurrency: 4 }, () => {
  test('bytes that come late are late, and all there', async (t) => {
    const { url, proxy } = await behind(t)
    proxy.turn(delay(150))
    const startedAt = performance.now()
    const { text } = await heardOf(await post(url, wire!, asked))
    assert.ok(isRight(text), text)
    assert.ok(performance.now() - startedAt >= 149)
  })

  for (const size of [1, 3, 700]) {
    test(`bytes that come ${size} at a time make the same answer`, async (t) => {
      const { url, proxy } = await behind(t)
      proxy.turn(drip(size))
      const { text, broke } = await heardOf(await post(url, wire!, asked))
      assert.equal(broke, false)
      assert.ok(isRight(text), text)
    })
  }

  test('a connection that swallows everything is given up, and another server asked', async (t) => {
    const { url, proxy, spare } = await behind(t, { spare: true })
    proxy.turn(blackhole)
    const startedAt = performance.now()
    const { text } = await heardOf(await post(url, wire!, asked))
    const tookMs = performance.now() - startedAt
    assert.ok(isRight(text), text)
    assert.equal(spare.heard.length, 1)
    assert.ok(tookMs >= 690 && tookMs < 700 + 250 + slackMs, `${tookMs} ms`)
  })

  test('an answer that comes before the question has been read is heard, and the question asked elsewhere', async (t) => {
    const { url, proxy, spare } = await behind(t, { spare: true })
    const busy = '{"error":{"message":"Busy.","type":"server_busy","code":503}}'
    const head = `HTTP/1.1 503 Busy\r\nContent-Type: application/json\r\nContent-Length: ${busy.length}\r\n`
    proxy.turn(early(`${head}Connection: close\r\n\r\n${busy}`))
    // More than the buffers of a connection hold.
    const body = JSON.stringify({
      model,
      stream: true,
      messages: [{ role: 'user', content: asked }],
      user: ' '.repeat(16_000_000),
    })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}${wire!.path}`, { method: 'POST', headers, body })
    const { text } = await heardOf(response)
    assert.equal(response.status, 200, text)
    assert.ok(isRight(text), text)
    assert.equal(spare.heard.length, 1)
  })

  for (const after of [0, 20, 150, 1_000, 3_000]) {
    test(`a connection that is half open after ${after} bytes ends in an answer from elsewhere, or as broken`, async (t) => {
      const { url, proxy } = await behind(t, { spare: true })
      proxy.turn(halfOpen(after))
      const startedAt = performance.now()
      const { text, broke } = await heardOf(await post(url, wire!, asked))
      const tookMs = performance.now() - startedAt
      assert.ok(isRight(text) || ((broke || wire!.error.test(text)) && !wire!.finished.test(text)), text)
      // Who has heard nothing loses nothing.
      if (after < 1_000) assert.ok(isRight(text), text)
      assert.ok(tookMs < 2 * (700 + 250) + slackMs, `${tookMs} ms`)
    })

    test(`a connection that is reset after ${after} bytes does the same, at once`, async (t) => {
      // Whoever took it for silence would be far later than any busy machine.
      const { url, proxy, server } = await behind(t, { spare: true, silence: '30s' })
      proxy.turn(resetAfter(after))
      const startedAt = performance.now()
      const { text, broke } = await heardOf(await post(url, wire!, asked))
      const tookMs = performance.now() - startedAt
      assert.ok(isRight(text) || ((broke || wire!.error.test(text)) && !wire!.finished.test(text)), text)
      if (after < 150) assert.ok(isRight(text), text)
      assert.ok(tookMs < slackMs, `${tookMs} ms`)
      assert.ok(server.heard.length <= 1, 'a request that was reset is not said again to the same server')
    })
  }

  test('a byte that is another one somewhere in an answer breaks nothing but that answer', async (t) => {
    const { url, proxy, gateway } = await behind(t, { spare: true })
    for (const at of [0, 9, 30, 60, 100, 160, 200, 500]) {
      proxy.turn(corrupt(at))
      const { text, broke } = await heardOf(await post(url, wire!, asked))
      // In the head nothing of it can have reached the caller. Behind it, what a letter was nobody but the server knows.
      if (at < 17) assert.ok(isRight(text), `${at}: ${text}`)
      else assert.ok(broke || wire!.error.test(text) || /\[DONE\]\s*$/.test(text), `${at}: ${text}`)
    }
    proxy.turn(delay(0))
    const { text } = await heardOf(await post(url, wire!, asked))
    assert.ok(isRight(text), text)
    for (const { inFlight } of gateway.fleet.upstreams) assert.equal(inFlight, 0)
  })
})
