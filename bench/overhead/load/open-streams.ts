import type { Socket } from 'node:net'
import { type Asking, frameReader, nowUs, open, percentile, request, sleep, type Tell } from './request.ts'

interface Options extends Asking {
  readonly streams: number
  readonly seconds: number
  readonly warmUpSeconds: number
  /** Streams that are opened each second. */
  readonly rampPerSecond: number
}

const stepMs = 10

/** Opens streams, keeps them open, and looks at when each frame left the server. */
export async function openStreams(port: number, options: Options, tell: Tell): Promise<object> {
  const { streams, seconds, warmUpSeconds, rampPerSecond } = options
  const bytes = request(port, { stream: true }, options)
  const delaysUs: number[] = []
  let frames = 0
  let opened = 0
  let broken = 0
  let whyBroken: string | undefined
  let isCounting = false
  let isEnding = false

  const listen = (from: number): Socket => {
    const socket = open(port, from)
    let hasSpoken = false
    let last = 'nothing was said'
    const onFrame = (sentUs: number): void => {
      if (!hasSpoken) {
        hasSpoken = true
        opened += 1
      }
      if (!isCounting) return
      frames += 1
      // Looking at the clock for each would measure the one who looks.
      if (frames % 8 === 0) delaysUs.push(nowUs() - sentUs)
    }
    socket.on('connect', () => socket.write(bytes))
    const readFrames = frameReader(onFrame)
    socket.on('data', (data) => {
      readFrames(data)
      if (!hasSpoken) last = data.toString('latin1', 0, 1_000)
    })
    socket.on('error', ({ message }) => (last = message))
    socket.on('close', () => {
      if (isEnding) return
      broken += 1
      whyBroken ??= hasSpoken ? 'closed in mid-stream' : last
    })
    return socket
  }

  const perStep = Math.ceil((rampPerSecond * stepMs) / 1_000)
  const all: Socket[] = []
  for (let i = 0; i < streams; i += 1) {
    all.push(listen(i))
    if (i % perStep === 0) await sleep(stepMs)
  }
  const areAllOpen = (): boolean => opened === streams
  for (let waitedMs = 0; !areAllOpen() && waitedMs < 20_000; waitedMs += 50) await sleep(50)
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
    opened,
    broken,
    whyBroken,
    framesPerSecond,
    delayP50Us: percentile(delaysUs, 0.5),
    delayP99Us: percentile(delaysUs, 0.99),
  }
}
