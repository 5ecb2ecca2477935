import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { until } from '../e2e/rig.ts'
import { endlessServer, model } from './endless-server.ts'
import { gatewayBefore, type Held } from './gateway.ts'

export interface StormOptions {
  readonly perSecond: number
  readonly seconds: number
}

export interface Aftermath {
  readonly aborted: number
  /** From a hang-up until the server knew, of those that had come to it; the shortest first. */
  readonly seenMs: readonly number[]
  /** What the gateway has in its hands when all have gone, and the server. */
  readonly held: Held
  readonly atServer: number
  /** Files beyond those it had before. */
  readonly filesMore: number
}

/** Callers who hang up as fast as they come: some in mid-stream, some before a word was said, some in the queue. */
export async function abortStorm(t: TestContext, { perSecond, seconds }: StormOptions): Promise<Aftermath> {
  const server = await endlessServer(t)
  const gateway = await gatewayBefore(t, server.origin, 'queue: { max: 10000 }\n')
  const { port } = gateway
  const filesBefore = await gateway.metric('process_open_fds')
  const goneAt = new Map<string, number>()
  let left = 0
  const visit = (at: number): void => {
    const name = `${at % 2 === 0 ? 'silent' : 'talks'}-${at}`
    const body = JSON.stringify({ model, stream: true, user: name, messages: [{ role: 'user', content: 'Go on.' }] })
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const hangUp = (): void => {
      goneAt.set(name, performance.now())
      socket.destroy()
    }
    socket.on('error', () => {})
    socket.on('close', () => (left += 1))
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    if (at % 2 === 1) socket.once('data', hangUp)
    // Who has waited long enough, for a word or for a place.
    setTimeout(() => socket.destroyed || hangUp(), 20 + (at % 40))
  }
  const all = perSecond * seconds
  const from = performance.now()
  for (let come = 0; come < all; await wait(2)) {
    const due = Math.min(all, ((performance.now() - from) / 1_000) * perSecond)
    for (; come < due; come += 1) visit(come)
  }
  const isOver = async (): Promise<boolean> => {
    if (left < all || server.answering > 0) return false
    const { asks, inFlight, connections } = await gateway.held()
    return asks + inFlight + connections === 0
  }
  await until(isOver, 10_000, 'all have gone everywhere')
  // Connections to the server that were kept are closed after four seconds.
  await until(() => server.open <= 1, 10_000, 'the server is alone')
  const seenMs: number[] = []
  for (const [name, at] of server.leftAt) {
    const gone = goneAt.get(name)
    if (gone !== undefined) seenMs.push(Math.max(0, at - Math.max(gone, server.cameAt.get(name)!)))
  }
  return {
    aborted: all,
    seenMs: seenMs.sort((one, other) => one - other),
    held: await gateway.held(),
    atServer: server.answering,
    filesMore: (await gateway.metric('process_open_fds')) - filesBefore,
  }
}
