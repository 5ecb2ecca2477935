import { createServer, type Socket } from 'node:net'

/**
 * The server behind all arms, far cheaper than any of them: it answers prebuilt bytes by the plainest framing.
 * `node bench/mock.ts PORT FRAME_EVERY_MS FRAMES`. It tells on stdout when a connection with a marked request closes.
 */
const [port, everyMs, frames] = process.argv.slice(2).map(Number) as [number, number, number]

const answer = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'All the water that the mill can use.' },
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 21, completion_tokens: 9, total_tokens: 30 },
})
const whole = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(answer)}\r\n\r\n${answer}`,
)
const list = '{"object":"list","data":[{"id":"m","object":"model","created":1,"owned_by":"bench"}]}'
const models = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${list.length}\r\n\r\n${list}`,
)
const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'

const chunk = (data: string): string => `${(data.length + 8).toString(16)}\r\ndata: ${data}\n\n\r\n`
const delta = (content: string, finish: string | null): string =>
  JSON.stringify({
    id: 'chatcmpl-bench-0123456789abcdef',
    object: 'chat.completion.chunk',
    created: 1_770_000_000,
    model: 'm',
    choices: [{ index: 0, delta: { content }, finish_reason: finish }],
  })
const usage =
  '{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":21,"completion_tokens":9,"total_tokens":30}}'
const finale = chunk(delta('', 'stop')) + chunk(usage) + chunk('[DONE]') + '0\r\n\r\n'

const nowUs = (): string => String(process.hrtime.bigint() / 1_000n).padStart(16, '0')

interface Stream {
  readonly socket: Socket
  left: number
}

// All streams share one clock, a slice of them each tick, so that frames come evenly and cost little.
const slices = everyMs >= 20 ? 10 : 1
const streams: Set<Stream>[] = Array.from({ length: slices }, () => new Set())
let slice = 0
let opened = 0

function tick(): void {
  slice = (slice + 1) % slices
  if (streams[slice]!.size === 0) return
  const frame = chunk(delta(nowUs(), null))
  for (const stream of streams[slice]!) {
    stream.left -= 1
    if (stream.left > 0) stream.socket.write(frame, 'latin1')
    else {
      stream.socket.write(finale, 'latin1')
      streams[slice]!.delete(stream)
    }
  }
}
setInterval(tick, everyMs / slices)

createServer({ noDelay: true }, (socket) => {
  let wanted = -1
  let got = 0
  let held = ''
  let stream: Stream | undefined
  let home: Set<Stream> | undefined
  let marker: string | undefined
  socket.on('data', (bytes: Buffer) => {
    if (wanted === -1) {
      held += bytes.toString('latin1')
      const end = held.indexOf('\r\n\r\n')
      if (end === -1) return
      if (held.startsWith('GET')) {
        held = ''
        socket.write(models)
        return
      }
      wanted = Number(/content-length: (\d+)/i.exec(held.slice(0, end))?.[1] ?? 0)
      got = held.length - end - 4
      held = held.slice(end + 4, end + 400)
    } else got += bytes.length
    if (got < wanted) return
    const isStream = held.includes('"stream":true')
    marker = /"user":"(mark-[^"]+)"/.exec(held)?.[1]
    wanted = -1
    got = 0
    const silent = held.includes('"silent"')
    held = ''
    if (marker !== undefined) console.log(JSON.stringify({ marker, event: 'asked', us: nowUs() }))
    if (silent) return
    if (!isStream) {
      socket.write(whole)
      return
    }
    // The first frame comes with the head, as servers do it.
    socket.write(head + chunk(delta(nowUs(), null)), 'latin1')
    stream = { socket, left: frames }
    home = streams[opened % slices]!
    opened += 1
    home.add(stream)
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    if (stream !== undefined) home?.delete(stream)
    if (marker !== undefined) console.log(JSON.stringify({ marker, event: 'closed', us: nowUs() }))
  })
}).listen(port, '127.0.0.1', 65_535, () => console.log('"ready"'))
