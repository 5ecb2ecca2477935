import { createServer } from 'node:net'

/** Below the range from which the kernel takes ports for connections, of which thousands are made here. */
export async function freePorts(count: number): Promise<number[]> {
  for (let first = 18_500; first < 30_000; first += 20) {
    const ports = Array.from({ length: count }, (_, i) => first + i)
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return ports
  }
  throw new Error('No ports are free.')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
