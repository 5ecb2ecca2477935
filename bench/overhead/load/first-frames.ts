import { type Asking, frameReader, nowUs, open, percentile, request, sleep, type Tell } from './request.ts'

interface Options extends Asking {
  readonly streams: number
  /** Opened before, and not counted. */
  readonly warmUpStreams: number
}

const stepMs = 20
const framesEach = 3

/**
 * Opens a stream every 20 ms and leaves it after a few frames. Every other one is answered with its head alone, and a first
 * frame behind it: whoever holds that back for more to come holds it long.
 */
export async function firstFrames(port: number, options: Options, tell: Tell): Promise<object> {
  const { streams, warmUpStreams } = options
  const withHead = request(port, { stream: true }, options)
  const behindHead = request(port, { stream: true, user: 'later' }, options)
  const withHeadUs: number[] = []
  const behindHeadUs: number[] = []
  let opened = 0
  let broken = 0

  const listen = (isBehind: boolean, isCounted: boolean): void => {
    const socket = open(port)
    let askedUs = 0
    let frames = 0
    const onFrame = (sentUs: number): void => {
      frames += 1
      if (frames === 1 && isCounted) {
        opened += 1
        if (isBehind) behindHeadUs.push(nowUs() - sentUs)
        else withHeadUs.push(nowUs() - askedUs)
      }
      if (frames === framesEach) socket.destroy()
    }
    socket.on('connect', () => {
      askedUs = nowUs()
      socket.write(isBehind ? behindHead : withHead)
    })
    socket.on('data', frameReader(onFrame))
    socket.on('error', () => {})
    socket.on('close', () => {
      if (frames < framesEach) broken += 1
    })
  }

  const openMany = async (count: number, isCounted: boolean): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      listen(i % 2 === 1, isCounted)
      await sleep(stepMs)
    }
  }
  await openMany(warmUpStreams, false)
  tell('counting')
  await openMany(streams, true)
  tell('counted')
  await sleep(300)
  return {
    opened,
    broken,
    withHeadP50Us: percentile(withHeadUs, 0.5),
    withHeadP99Us: percentile(withHeadUs, 0.99),
    behindHeadP50Us: percentile(behindHeadUs, 0.5),
    behindHeadP99Us: percentile(behindHeadUs, 0.99),
  }
}
