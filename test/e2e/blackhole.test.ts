import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { platform } from 'node:os'
import { test, type TestContext } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import { listen } from '../../src/sim/sockets.ts'
import { model, open, until } from './rig.ts'
import { post, wires } from './raw.ts'
import { Witness } from './witness.ts'

/** Lists a model, and answers nothing else; it has room for next to no connections that it has not taken. */
const program = `
const list = JSON.stringify({ object: 'list', data: [{ id: ${JSON.stringify(model)} }] })
const server = require('node:http').createServer((request, response) => {
  if (request.url.endsWith('/models')) response.writeHead(200, { connection: 'close' }).end(list)
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))`

/** A server that will take no connection any more, nor refuse one: its machine is there, and nothing comes back. */
async function hole(t: TestContext): Promise<{ readonly origin: string; readonly close: () => Promise<void> }> {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(said.toString())
  const isFull = async (): Promise<boolean> => {
    const socket = connect({ port, host: '127.0.0.1' }).on('error', () => {})
    t.after(() => socket.destroy())
    const soon = new Promise<'full'>((resolve) => setTimeout(resolve, 200, 'full'))
    return (await Promise.race([once(socket, 'connect'), soon])) === 'full'
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      child.kill('SIGSTOP')
      await until(isFull, 5_000, 'no more connections are taken')
    },
  }
}

const skip = platform() === 'linux' ? false : 'elsewhere what does not fit is refused'

test(
  'a server whose packets vanish costs one caller the time for a connection, and the others nothing',
  { skip },
  async (t) => {
    const well = new Witness('vllm')
    const socket = await listen(well)
    const black = await hole(t)
    const connectMs = 400
    const failed: string[] = []
    // Nobody goes to the second one who can be served by the first.
    const upstreams: ConfigInput['upstreams'] = [
      { name: 'hole', kind: 'openai-compatible', url: black.origin },
      { name: 'well', kind: 'vllm', url: socket.origin, tier: 1 },
    ]
    const { url, gateway } = await open(
      t,
      { upstreams, timeouts: { connect: `${connectMs}ms` }, hedge: false },
      (event) => {
        if (event.type === 'attempt-failed') failed.push(event.upstream)
      },
    )
    t.after(() => socket.close())
    await until(() => gateway.fleet.upstreams.every(({ up }) => up), 5_000, 'both are there')
    await black.close()
    const tookMs: number[] = []
    for (let asked = 0; asked < 30; asked += 1) {
      const startedAt = performance.now()
      const response = await post(url, wires[0]!, 'Say 3 words.', { stream: false })
      await response.text()
      assert.equal(response.status, 200)
      tookMs.push(performance.now() - startedAt)
    }
    const sorted = tookMs.toSorted((one, other) => one - other)
    t.diagnostic(`at most ${sorted.at(-1)!.toFixed(0)} ms, half of them ${sorted[15]!.toFixed(0)} ms`)
    assert.ok(failed.length > 0 && failed.every((name) => name === 'hole'), failed.join(' '))
    assert.ok(sorted[15]! < connectMs / 2)
    assert.ok(sorted.at(-1)! < connectMs + 1_500)
    assert.ok(tookMs.filter((ms) => ms >= connectMs).length <= 5)
  },
)
