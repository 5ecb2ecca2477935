import { connect, type Socket } from 'node:net'

/**
 * The callers, on raw sockets. `node bench/load.ts PORT SCENARIO JSON` prints one JSON line with what was seen.
 * closed: CONNECTIONS ask again and again for SECONDS. streams: STREAMS are opened and their frames counted.
 */
interface Options {
  readonly connections?: number
  readonly seconds?: number
  readonly bodyBytes?: number
  readonly streams?: number
  /** Streams that are opened each second. */
  readonly rampPerSecond?: number
}

const [portText, scenario, json] = process.argv.slice(2)
const port = Number(portText)
const options = JSON.parse(json ?? '{}') as Options

const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n)
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

function request(extra: Record<string, unknown>, promptBytes = 60): Buffer {
  const content = 'the water and the mill '.repeat(Math.ceil(promptBytes / 23)).slice(0, promptBytes)
  const body = JSON.stringify({
    ...extra,
    model: 'm',
    messages: [
      { role: 'system', content: 'You are a helpful mill.' },
      { role: 'user', content },
    ],
    temperature: 0.5,
  })
  return Buffer.from(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\naccept: */*\r\n` +
      `user-agent: bench\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN

async function closed({ connections = 32, seconds = 5, bodyBytes = 60 }: Options): Promise<object> {
  const bytes = request({}, bodyBytes)
  const latencies: number[] = []
  let errors = 0
  let stopped = false
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      let startedAt = 0
      let wanted = -1
      let got = 0
      const ask = (): void => {
        if (stopped) {
          socket.destroy()
          return resolve()
        }
        wanted = -1
        got = 0
        startedAt = nowUs()
        socket.write(bytes)
      }
      socket.on('connect', ask)
      socket.on('data', (data: Buffer) => {
        if (wanted === -1) {
          const text = data.toString('latin1')
          const end = text.indexOf('\r\n\r\n')
          const length = /content-length: (\d+)/i.exec(text)?.[1]
          if (!text.startsWith('HTTP/1.1 200') || length === undefined) {
            errors += 1
            console.error(text.slice(0, 300))
            stopped = true
            socket.destroy()
            return resolve()
          }
          wanted = Number(length)
          got = data.length - end - 4
        } else got += data.length
        if (got < wanted) return
        latencies.push(nowUs() - startedAt)
        ask()
      })
      socket.on('error', () => {
        errors += 1
        resolve()
      })
    })
  const all = Array.from({ length: connections }, one)
  await Promise.race([sleep(seconds * 1_000), Promise.all(all)])
  stopped = true
  await Promise.race([Promise.all(all), sleep(1_000)])
  latencies.sort((a, b) => a - b)
  return { requests: latencies.length, errors, p50Us: percentile(latencies, 0.5), p99Us: percentile(latencies, 0.99) }
}

async function streams({ streams: count = 200, seconds = 5, rampPerSecond = 500 }: Options): Promise<object> {
  const bytes = request({ stream: true })
  const delays: number[] = []
  const firsts: number[] = []
  let frames = 0
  let errors = 0
  let open = 0
  let counting = false
  const sockets: Socket[] = []
  const start = (): void => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      localAddress: `127.0.0.${2 + (sockets.length % 8)}`,
    })
    sockets.push(socket)
    let startedAt = 0
    let first = true
    socket.on('connect', () => {
      startedAt = nowUs()
      socket.write(bytes)
    })
    socket.on('data', (data: Buffer) => {
      let at = data.indexOf('"content":"0')
      if (first && at !== -1) {
        first = false
        open += 1
        firsts.push(nowUs() - startedAt)
      }
      while (at !== -1) {
        if (counting) {
          frames += 1
          // Reading the time in each of many thousand frames would measure the reader.
          if (frames % 16 === 0) delays.push(nowUs() - Number(data.toString('latin1', at + 11, at + 27)))
        }
        at = data.indexOf('"content":"0', at + 27)
      }
    })
    let gone = false
    const lost = (): void => {
      if (gone) return
      gone = true
      if (!ending) errors += 1
    }
    socket.on('error', lost)
    socket.on('close', lost)
  }
  let ending = false
  for (let i = 0; i < count; i += 1) {
    start()
    if (i % 10 === 9) await sleep((10 / rampPerSecond) * 1_000)
  }
  // Both are counted by what happens meanwhile.
  const isOpening = (): boolean => open < count && errors === 0
  for (let waited = 0; isOpening() && waited < 20_000; waited += 50) await sleep(50)
  console.log(JSON.stringify({ event: 'open', open }))
  counting = true
  const startedAt = performance.now()
  await sleep(seconds * 1_000)
  counting = false
  const tookMs = performance.now() - startedAt
  console.log(JSON.stringify({ event: 'counted' }))
  await sleep(300)
  ending = true
  for (const socket of sockets) socket.destroy()
  delays.sort((a, b) => a - b)
  firsts.sort((a, b) => a - b)
  return {
    open,
    errors,
    frames,
    framesPerSecond: (frames / tookMs) * 1_000,
    delayP50Us: percentile(delays, 0.5),
    delayP99Us: percentile(delays, 0.99),
    firstP50Us: percentile(firsts, 0.5),
    firstP99Us: percentile(firsts, 0.99),
  }
}

/** Opens, hangs up after a moment, and tells when: the mock tells when it noticed. */
async function aborts({ streams: count = 100 }: Options, kind: 'stream' | 'silent'): Promise<object> {
  for (let i = 0; i < count; i += 1) {
    const marker = `mark-${kind}-${i}`
    const bytes = request(
      kind === 'stream' ? { stream: true, user: marker } : { user: marker, metadata: { x: 'silent' } },
    )
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.on('error', () => {})
    socket.on('connect', () => socket.write(bytes))
    await sleep(60)
    console.log(JSON.stringify({ marker, event: 'hung-up', us: String(nowUs()) }))
    socket.destroy()
    await sleep(20)
  }
  await sleep(300)
  return { asked: count }
}

const run = {
  closed: () => closed(options),
  streams: () => streams(options),
  'abort-stream': () => aborts(options, 'stream'),
  'abort-silent': () => aborts(options, 'silent'),
}[scenario!]
console.log(JSON.stringify({ event: 'done', ...(await run!()) }))
process.exit(0)
