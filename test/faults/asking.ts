import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { callerWireOf, type CallerKind } from './ears.ts'
import type { Got } from './judge.ts'

export interface Asking {
  readonly url: string
  readonly agent: Agent
  readonly caller: CallerKind
  readonly model: string
  readonly question: string
  readonly stream: boolean
  /** Called at the first byte of a body. */
  readonly onHeard?: () => void
  /** Whoever holds it can hang up. */
  readonly onAsked?: (asked: ClientRequest) => void
}

/** Asks, and tells all that came of it; it never rejects. */
export function ask({ url, agent, caller, model, question, stream, onHeard, onAsked }: Asking): Promise<Got> {
  const wire = callerWireOf[caller]
  return new Promise((resolve) => {
    const bytes: Buffer[] = []
    let answer: IncomingMessage | undefined
    const settle = (broke: boolean): void =>
      resolve({ status: answer?.statusCode, headers: answer?.headers ?? {}, bytes: Buffer.concat(bytes), broke })
    const headers = { 'content-type': 'application/json' }
    const asked = request(`${url}${wire.path}`, { method: 'POST', agent, headers }, (response) => {
      answer = response
      response.on('data', (chunk: Buffer) => {
        if (bytes.length === 0) onHeard?.()
        bytes.push(chunk)
      })
      response.on('end', () => settle(!response.complete))
      response.on('error', () => settle(true))
      response.on('close', () => settle(!response.complete))
    })
    asked.on('error', () => settle(true))
    onAsked?.(asked)
    asked.end(JSON.stringify(wire.body(model, question, stream)))
  })
}
