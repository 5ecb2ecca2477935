import type { Inbound } from '../core/world.ts'
import { Pipe } from './pipe.ts'

/** An answer in one piece. */
export interface Wording {
  readonly status: number
  readonly text: string
  /** JSON, if nothing is said of it. */
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

export function textResponse({ status, text, type = 'application/json', headers }: Wording): Inbound {
  return { status, headers: { 'content-type': type, ...headers }, body: Pipe.of(Buffer.from(text)) }
}

export const jsonAnswer = (status: number, text: string): Inbound => textResponse({ status, text })

export const textAnswer = (status: number, text: string): Inbound => textResponse({ status, text, type: 'text/plain' })

export const json = (body: unknown): Inbound => jsonAnswer(200, JSON.stringify(body))
