import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a real server put on the wire, as `test/fixtures/README.md` describes it. */
export interface Fixture {
  /** `ollama/chat-stream`. */
  readonly name: string
  readonly method: string
  readonly path: string
  readonly request: string
  /** Undefined when no head came. */
  readonly status: number
  readonly isStream: boolean
  readonly chunks: readonly Buffer[]
  readonly body: Buffer
  readonly end: 'clean' | 'reset' | 'abort' | 'timeout'
}

interface Recorded {
  readonly request: { readonly method: string; readonly path: string; readonly body?: string }
  readonly response: {
    readonly status: number
    readonly headers?: Readonly<Record<string, string | string[]>>
    readonly chunks?: readonly { readonly text?: string; readonly base64?: string }[]
    readonly end: Fixture['end']
  }
}

const folder = join(import.meta.dirname, '..', 'fixtures')

export function fixture(name: string): Fixture {
  const { request, response } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Recorded
  const chunks = (response.chunks ?? []).map(({ text, base64 }) =>
    text === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text),
  )
  const type = String(response.headers?.['Content-Type'] ?? '')
  return {
    name,
    method: request.method,
    path: request.path,
    request: request.body ?? '',
    status: response.status,
    isStream: /event-stream|ndjson/.test(type),
    chunks,
    body: Buffer.concat(chunks),
    end: response.end,
  }
}

export function fixtureNames(server: 'ollama' | 'llamacpp'): readonly string[] {
  return readdirSync(join(folder, server))
    .filter((file) => file.endsWith('.json'))
    .map((file) => `${server}/${file.slice(0, -'.json'.length)}`)
}
