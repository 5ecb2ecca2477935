import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { backendOf } from '../../backends/index.ts'
import type { UpstreamSettings } from '../../core/settings.ts'
import type { World } from '../../core/world.ts'
import { overHttp } from '../../trial/over-http.ts'

/** A server that answers at once, for a gateway and for whoever asks it to practise on. */
export interface PracticeGround {
  readonly upstream: UpstreamSettings
  close(): void
}

const name = 'spillway-bench-practice'

export async function openPracticeGround(): Promise<PracticeGround> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const isList = request.method === 'GET'
      response.writeHead(200, { 'content-type': isList ? 'application/json' : 'text/event-stream' })
      response.end(isList ? JSON.stringify({ object: 'list', data: [{ id: name, object: 'model' }] }) : answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    upstream: {
      name,
      backend: backendOf('openai-compatible')!,
      origin: `http://127.0.0.1:${port}`,
      basePath: '',
      apiKey: undefined,
      tier: 0,
      concurrency: 1,
      serve: new Map([[name, name]]),
      context: new Map(),
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

const frame = (json: object): string =>
  `data: ${JSON.stringify({ id: name, object: 'chat.completion.chunk', created: 0, model: name, ...json })}\n\n`
const words = Array.from({ length: 16 }, (_, i) =>
  frame({ choices: [{ index: 0, delta: { content: `${i} ` }, finish_reason: null }] }),
)
const answer = [
  ...words,
  frame({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  frame({ choices: [], usage: { prompt_tokens: 16, completion_tokens: 16, total_tokens: 32 } }),
  'data: [DONE]\n\n',
].join('')

/** Code that has just been started takes ten times as long as after some hundred requests, and nobody's gateway has. */
const rounds = 500
const atMostMs = 5_000

/** Asks a gateway for what costs its servers nothing, until it has found its pace. */
export async function practise(
  world: World,
  { url, key }: { readonly url: string; readonly key: string },
): Promise<void> {
  const target = overHttp(world, { url, key, model: name })
  const untilMs = world.now() + atMostMs
  const never = new AbortController().signal
  const question = { text: 'Count to 16.', outputTokens: 16 }
  for (let round = 0; round < rounds && world.now() < untilMs; round += 1) await target.ask(question, never)
}
