import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a real server put on the wire, as `test/fixtures/README.md` describes it. */
export interface Fixture {
  /** `ollama/chat-stream`. */
  readonly name: string
  readonly server: Server
  readonly method: string
  readonly path: string
  readonly request: string
  /** Undefined when no head came. */
  readonly status: number
  readonly reason: string
  /** Names as written. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly framing: 'chunked' | 'length' | 'close' | 'none'
  readonly isStream: boolean
  readonly chunks: readonly Buffer[]
  /** When the head, each chunk and the end came, in milliseconds from the end of the request. */
  readonly timesMs: { readonly head: number; readonly chunks: readonly number[]; readonly end: number }
  readonly body: Buffer
  readonly end: 'clean' | 'reset' | 'abort' | 'timeout'
}

export type Server = 'ollama' | 'llamacpp'

interface Recorded {
  readonly request: { readonly method: string; readonly path: string; readonly body?: string }
  readonly response: {
    readonly status: number
    readonly reason?: string
    readonly headMs?: number
    readonly headers?: Readonly<Record<string, string | string[]>>
    readonly framing: Fixture['framing']
    readonly chunks?: readonly { readonly ms: number; readonly text?: string; readonly base64?: string }[]
    readonly end: Fixture['end']
    readonly endMs?: number
  }
}

const folder = join(import.meta.dirname, '..', 'fixtures')

export function fixture(name: string): Fixture {
  const { request, response } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Recorded
  const recorded = response.chunks ?? []
  const chunks = recorded.map(({ text, base64 }) =>
    text === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text),
  )
  const type = String(response.headers?.['Content-Type'] ?? '')
  return {
    name,
    server: name.split('/')[0] as Server,
    method: request.method,
    path: request.path,
    request: request.body ?? '',
    status: response.status,
    reason: response.reason ?? '',
    headers: Object.entries(response.headers ?? {}).flatMap(([header, said]) =>
      [said].flat().map((value) => [header, value] as const),
    ),
    framing: response.framing,
    isStream: /event-stream|ndjson/.test(type),
    chunks,
    timesMs: { head: response.headMs ?? 0, chunks: recorded.map(({ ms }) => ms), end: response.endMs ?? 0 },
    body: Buffer.concat(chunks),
    end: response.end,
  }
}

function fixtureNames(server: Server): readonly string[] {
  return readdirSync(join(folder, server))
    .filter((file) => file.endsWith('.json'))
    .map((file) => `${server}/${file.slice(0, -'.json'.length)}`)
}

/** All of them, in which a model was asked for something and in which not. */
export const everyFixture = (): readonly Fixture[] =>
  [...fixtureNames('ollama'), ...fixtureNames('llamacpp')].map(fixture)
