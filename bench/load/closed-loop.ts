import { nowUs, open, percentile, request, sleep, type Tell } from './request.ts'

interface Options {
  readonly connections: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly promptBytes?: number
}

/** Every connection asks, reads the answer to its end, and asks again. */
export async function closedLoop(port: number, options: Options, tell: Tell): Promise<object> {
  const { connections, seconds, warmUpSeconds, promptBytes } = options
  const bytes = request(port, {}, promptBytes)
  let latenciesUs: number[] = []
  let faults = 0
  const callers = Array.from({ length: connections }, () => {
    const socket = open(port)
    let askedAt = 0
    let left = 0
    const ask = (): void => {
      left = -1
      askedAt = nowUs()
      socket.write(bytes)
    }
    const fail = (what: string): void => {
      faults += 1
      console.error(what)
      socket.destroy()
    }
    socket.on('connect', ask)
    socket.on('error', ({ message }) => fail(message))
    socket.on('end', () => fail('The connection was closed.'))
    socket.on('data', (data) => {
      if (left === -1) {
        const text = data.toString('latin1')
        const length = /^HTTP\/1\.1 200[^]*?\r\ncontent-length: (\d+)[^]*?\r\n\r\n/i.exec(text)
        if (length === null) return fail(text.slice(0, 300))
        left = Number(length[1]) + length[0].length
      }
      left -= data.length
      if (left > 0) return
      latenciesUs.push(nowUs() - askedAt)
      ask()
    })
    return socket
  })
  await sleep(warmUpSeconds * 1_000)
  latenciesUs = []
  tell('counting')
  await sleep(seconds * 1_000)
  const counted = latenciesUs
  latenciesUs = []
  tell('counted')
  // Whoever closes its window a moment later finds the load still there.
  await sleep(50)
  for (const socket of callers) socket.destroy()
  return { requests: counted.length, faults, p50Us: percentile(counted, 0.5), p99Us: percentile(counted, 0.99) }
}
