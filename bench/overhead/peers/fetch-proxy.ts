import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'

/**
 * The proxy that everybody writes first: Node's server, its `fetch`, and a pipe. `node bench/overhead/peers/fetch-proxy.ts PORT UPSTREAM`
 */
const [port, upstream] = process.argv.slice(2)
const ofTheConnection = ['connection', 'keep-alive', 'transfer-encoding', 'content-encoding']

createServer((request, response) => void pass(request, response)).listen(Number(port), '127.0.0.1')

async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  try {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const answer = await fetch(`${upstream}${request.url}`, {
      method: request.method!,
      headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
      body: request.method === 'POST' ? Buffer.concat(chunks) : null,
      signal: gone.signal,
    })
    const headers = [...answer.headers].filter(([name]) => !ofTheConnection.includes(name))
    response.writeHead(answer.status, Object.fromEntries(headers))
    await pipeline(Readable.fromWeb(answer.body as ReadableStream), response)
  } catch {
    response.destroy()
  }
}
