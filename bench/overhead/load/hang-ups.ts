import { type Asking, nowUs, open, request, sleep, type Tell } from './request.ts'

interface Options extends Asking {
  readonly times: number
  /** In mid-stream, or while an answer in one piece is awaited that never comes. */
  readonly kind: 'streaming' | 'waiting'
}

const momentMs = 40
const firstMostMs = 2_000

/** Asks with a mark, hangs up a moment later, and tells when: the mock tells when it noticed. */
export async function hangUps(port: number, options: Options, tell: Tell): Promise<object> {
  const { times, kind } = options
  const hungUp: Record<string, number> = {}
  let answered = 0
  tell('counting')
  for (let i = 0; i < times; i += 1) {
    const mark = `mark-${kind}-${i}`
    const socket = open(port)
    const extra = kind === 'streaming' ? { stream: true } : {}
    let hasHeard = false
    socket.on('error', () => {})
    socket.on('connect', () => socket.write(request(port, { user: mark, ...extra }, options)))
    const heard = new Promise<void>((resolve) => {
      socket.on('data', () => {
        hasHeard = true
        resolve()
      })
    })
    await sleep(momentMs)
    // The very first may take longer than a moment.
    if (kind === 'streaming') await Promise.race([heard, sleep(firstMostMs)])
    if (hasHeard) answered += 1
    hungUp[mark] = nowUs()
    socket.destroy()
  }
  await sleep(300)
  tell('counted')
  return { hungUp, answered }
}
