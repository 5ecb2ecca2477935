import type { Socket } from 'node:net'
import { nowUs, open, percentile, request, sleep, type Tell } from './request.ts'

interface Options {
  readonly streams: number
  readonly seconds: number
  readonly warmUpSeconds: number
  /** Streams that are opened each second. */
  readonly rampPerSecond: number
  /** The server sends its head first, and the first frame a moment later. */
  readonly later?: boolean
}

/** What stands before the moment at which the server sent a frame: sixteen digits, in microseconds. */
const mark = '"content":"0'
const digits = 16

/** Opens streams, keeps them open, and looks at when each frame left the server. */
export async function openStreams(port: number, options: Options, tell: Tell): Promise<object> {
  const { streams, seconds, warmUpSeconds, rampPerSecond, later = false } = options
  const bytes = request(port, { stream: true, ...(later && { user: 'later' }) })
  const delaysUs: number[] = []
  const firstsUs: number[] = []
  let frames = 0
  let broken = 0
  let isCounting = false
  let isEnding = false

  const listen = (from: number): Socket => {
    const socket = open(port, from)
    let askedAt = 0
    let hasSpoken = false
    const onFrame = (sentAt: number): void => {
      if (!hasSpoken) {
        hasSpoken = true
        firstsUs.push(nowUs() - (later ? sentAt : askedAt))
      }
      if (!isCounting) return
      frames += 1
      // Looking at the clock for each would measure the one who looks.
      if (frames % 8 === 0) delaysUs.push(nowUs() - sentAt)
    }
    socket.on('connect', () => {
      askedAt = nowUs()
      socket.write(bytes)
    })
    let torn = ''
    socket.on('data', (data) => {
      const text = torn + data.toString('latin1')
      let read = 0
      for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, read)) {
        const begin = at + mark.length - 1
        if (begin + digits > text.length) break
        read = begin + digits
        onFrame(Number(text.slice(begin, read)))
      }
      torn = text.slice(Math.max(read, text.length - mark.length - digits))
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (!isEnding) broken += 1
    })
    return socket
  }

  const all: Socket[] = []
  for (let i = 0; i < streams; i += 1) {
    all.push(listen(i))
    if (i % 10 === 9) await sleep(10_000 / rampPerSecond)
  }
  for (let waitedMs = 0; firstsUs.length < streams && waitedMs < 20_000; waitedMs += 50) await sleep(50)
  await sleep(warmUpSeconds * 1_000)
  isCounting = true
  const startedAt = performance.now()
  tell('counting')
  await sleep(seconds * 1_000)
  isCounting = false
  const framesPerSecond = (frames / (performance.now() - startedAt)) * 1_000
  tell('counted')
  await sleep(300)
  isEnding = true
  for (const socket of all) socket.destroy()
  return {
    opened: firstsUs.length,
    broken,
    framesPerSecond,
    delayP50Us: percentile(delaysUs, 0.5),
    delayP99Us: percentile(delaysUs, 0.99),
    firstP50Us: percentile(firstsUs, 0.5),
    firstP99Us: percentile(firstsUs, 0.99),
  }
}
