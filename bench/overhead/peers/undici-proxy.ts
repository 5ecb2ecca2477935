import { createServer } from 'node:http'
import { Pool } from 'undici'

/**
 * The barest proxy on Node's own server and undici's dispatch, without a feature: what the two engines alone cost.
 * `node bench/overhead/peers/undici-proxy.ts PORT UPSTREAM`
 */
const [port, upstream] = process.argv.slice(2)
const pool = new Pool(upstream!, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0, allowH2: false })

createServer({ noDelay: true, keepAliveTimeout: 75_000 }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (bytes: Buffer) => chunks.push(bytes))
  request.on('end', () => {
    const body = chunks.length === 0 ? null : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    let abort: ((reason: Error) => void) | undefined
    response.on('close', () => {
      if (!response.writableFinished) abort?.(new Error('gone'))
    })
    pool.dispatch(
      { method: request.method as 'GET', path: request.url!, headers: ['content-type', 'application/json'], body },
      {
        onRequestStart: (controller) => {
          abort = (reason) => controller.abort(reason)
        },
        onResponseStart: (controller, status, headers) => {
          response.writeHead(status, headers as Record<string, string>)
          response.on('drain', () => controller.resume())
        },
        onResponseData: (controller, bytes) => {
          if (!response.write(bytes)) controller.pause()
        },
        onResponseEnd: () => response.end(),
        onResponseError: () => response.destroy(),
      },
    )
  })
}).listen(Number(port), '127.0.0.1', 65_535)
