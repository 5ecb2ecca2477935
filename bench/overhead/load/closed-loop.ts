import { type Asking, nowUs, open, percentile, request, sleep, type Tell } from './request.ts'

interface Options extends Asking {
  readonly connections: number
  readonly seconds: number
  /** Code is compiled by how often it runs, and not by the clock: so many are answered before any counts, if it takes no longer than that. */
  readonly warmUpRequests: number
  readonly warmUpSecondsMost: number
  /** More connections than count, so that what is measured alone is compiled as fast as the rest; they end with the warm-up. */
  readonly warmUpConnections?: number
}

const warmUpSecondsLeast = 1
const settleMs = 200

/** Every connection asks, reads the answer to its end, and asks again. */
export async function closedLoop(port: number, options: Options, tell: Tell): Promise<object> {
  const { connections, seconds, warmUpRequests, warmUpSecondsMost, warmUpConnections = connections } = options
  const bytes = request(port, {}, options)
  let latenciesUs: number[] = []
  let faults = 0
  let isWarm = false
  const callers = Array.from({ length: Math.max(connections, warmUpConnections) }, (_, index) => {
    const socket = open(port)
    let askedAt = 0
    const answer = new Answer()
    const ask = (): void => {
      answer.begin()
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
      const state = answer.read(data)
      if (state === 'wrong') fail(data.toString('latin1', 0, 300))
      if (state !== 'whole') return
      latenciesUs.push(nowUs() - askedAt)
      if (isWarm && index >= connections) socket.destroy()
      else ask()
    })
    return socket
  })
  await sleep(warmUpSecondsLeast * 1_000)
  const until = nowUs() + (warmUpSecondsMost - warmUpSecondsLeast) * 1e6
  while (latenciesUs.length < warmUpRequests && nowUs() < until) await sleep(100)
  isWarm = true
  if (callers.length > connections) await sleep(settleMs)
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

/** As little of HTTP as it takes to know where an answer ends: by its length, or by its last chunk. */
class Answer {
  #left = -1

  begin(): void {
    this.#left = -1
  }

  read(data: Buffer): 'more' | 'whole' | 'wrong' {
    if (this.#left === -1) {
      const text = data.toString('latin1')
      const head = /^HTTP\/1\.1 200[^]*?\r\n(content-length: (\d+)|transfer-encoding: chunked)[^]*?\r\n\r\n/i.exec(text)
      if (head === null) return 'wrong'
      this.#left = head[2] === undefined ? Infinity : Number(head[2]) + head[0].length
    }
    if (this.#left === Infinity) return data.toString('latin1', data.length - 5) === '0\r\n\r\n' ? 'whole' : 'more'
    this.#left -= data.length
    return this.#left > 0 ? 'more' : 'whole'
  }
}
