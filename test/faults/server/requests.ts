import type { Socket } from 'node:net'

export interface Request {
  readonly method: string
  readonly path: string
  readonly body: string
}

/** Takes requests out of what a socket reads: enough of HTTP for a client that keeps to it. */
export function onRequests(socket: Socket, hear: (request: Request) => void): void {
  let unread: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk])
    for (let found = requestIn(unread); found !== undefined; found = requestIn(unread)) {
      unread = unread.subarray(found.end)
      hear(found.request)
    }
  })
}

function requestIn(bytes: Buffer): { readonly request: Request; readonly end: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const head = bytes.toString('latin1', 0, headEnd)
  const [method = '', path = ''] = head.split(' ', 2)
  const end = headEnd + 4 + Number(/^content-length: *(\d+)$/im.exec(head)?.[1] ?? 0)
  if (bytes.length < end) return undefined
  return { request: { method, path, body: bytes.toString('utf8', headEnd + 4, end) }, end }
}
