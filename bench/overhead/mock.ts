import { createServer, type Socket } from 'node:net'

/**
 * The server behind all arms, far cheaper than any of them: bytes made beforehand, and the plainest framing.
 * `node bench/overhead/mock.ts PORT FRAME_EVERY_MS`. Streams never end by themselves. When the caller of a request with a mark goes
 * away, it prints when it noticed. Marks and wishes stand in the field `user`, which everything in between passes on.
 */
const [port, everyMs] = process.argv.slice(2).map(Number) as [number, number]

const withLength = (type: string, body: string): Buffer =>
  Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`)

const answer = withLength(
  'application/json',
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_770_000_000,
    model: 'm',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'All the water that the mill can use.' },
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 21, completion_tokens: 9, total_tokens: 30 },
  }),
)
const models = withLength(
  'application/json',
  '{"object":"list","data":[{"id":"m","object":"model","created":1,"owned_by":"bench"}]}',
)
const streamHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'

const nowUs = (): string => String(process.hrtime.bigint() / 1_000n).padStart(16, '0')

// A frame as OpenAI sends it, its text being the moment at which it was sent.
const [beforeTime, afterTime] = JSON.stringify({
  id: 'chatcmpl-bench0123456789abcdef0123456789',
  object: 'chat.completion.chunk',
  created: 1_770_000_000,
  model: 'm',
  system_fingerprint: 'fp_0123456789',
  choices: [{ index: 0, delta: { content: '|' }, logprobs: null, finish_reason: null }],
}).split('|') as [string, string]
const frameLength = 'data: '.length + beforeTime.length + 16 + afterTime.length + '\n\n'.length
const chunkStart = `${frameLength.toString(16)}\r\ndata: ${beforeTime}`
const chunkEnd = `${afterTime}\n\n\r\n`
const frame = (): string => chunkStart + nowUs() + chunkEnd

/** Open streams, each of which is due once in `everyMs`. They go round, so that frames come evenly and not in waves. */
const streams: Socket[] = []
let next = 0
let spokeAt = performance.now()
let owed = 0

setInterval(() => {
  const now = performance.now()
  owed += ((now - spokeAt) * streams.length) / everyMs
  spokeAt = now
  // After a pause of this process no stream gets two frames at once.
  owed = Math.min(owed, streams.length)
  for (; owed >= 1; owed -= 1) {
    next = next + 1 < streams.length ? next + 1 : 0
    streams[next]!.write(frame(), 'latin1')
  }
}, 1)

createServer({ noDelay: true }, (socket) => {
  let head = ''
  let bodyLeft = -1
  let isStream = false
  let mark: string | undefined
  socket.on('data', (bytes: Buffer) => {
    if (bodyLeft === -1) {
      head += bytes.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end === -1) return
      if (head.startsWith('GET')) {
        head = ''
        socket.write(models)
        return
      }
      bodyLeft = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0) - (head.length - end - 4)
      head = head.slice(end + 4, end + 400)
    } else {
      if (head.length < 400) head += bytes.toString('latin1', 0, 400)
      bodyLeft -= bytes.length
    }
    if (bodyLeft > 0) return
    const begin = head
    head = ''
    bodyLeft = -1
    mark = /"user":"(mark-[^"]+)"/.exec(begin)?.[1]
    if (mark?.startsWith('mark-waiting') === true) return
    if (!begin.includes('"stream":true')) {
      socket.write(answer)
      return
    }
    isStream = true
    const speak = (first: string): void => {
      socket.write(first, 'latin1')
      streams.push(socket)
    }
    if (begin.includes('"user":"later"')) {
      socket.write(streamHead, 'latin1')
      setTimeout(() => speak(frame()), 5)
    } else speak(streamHead + frame())
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    if (mark !== undefined) console.log(JSON.stringify({ event: 'gone', mark, us: Number(nowUs()) }))
    if (!isStream) return
    const at = streams.indexOf(socket)
    if (at !== -1) streams.splice(at, 1)
  })
}).listen(port, '127.0.0.1', 65_535, () => console.log(JSON.stringify({ event: 'ready' })))
