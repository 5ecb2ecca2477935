import type { Call } from '../core/backend.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import { NetFault, type Inbound, type World } from '../core/world.ts'

/** Beyond this no server's list of models is of use. */
const answerMaxBytes = 8 * 1024 * 1024

const json = 'application/json'

/** Asks one upstream something small, bounded in time and size. An error status is an answer; a broken wire throws. */
export function callTo(settings: UpstreamSettings, world: World, usualMs: number): Call {
  const headers: (readonly [string, string])[] = [['accept', json], ...(settings.backend.headers ?? [])]
  if (settings.apiKey !== undefined) headers.push(...settings.backend.authorize(settings.apiKey))
  const headersWithBody = [...headers, ['content-type', json] as const]

  return async ({ method, path, body, timeoutMs = usualMs, afterMs }) => {
    if (afterMs !== undefined) await world.sleep(afterMs)
    const cut = new AbortController()
    const done = new AbortController()
    let late = false
    void world.sleep(timeoutMs, done.signal).then(() => {
      if (done.signal.aborted) return
      late = true
      cut.abort()
    })
    try {
      const inbound = await world.send({
        method,
        origin: settings.origin,
        path: settings.basePath + path,
        headers: body === undefined ? headers : headersWithBody,
        body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
        signal: cut.signal,
      })
      const text = await readText(inbound)
      return new Answer(inbound.status, text)
    } catch (error) {
      if (late)
        throw new NetFault('timeout', `no answer to ${method} ${path} within ${timeoutMs / 1_000} s`, { cause: error })
      throw error
    } finally {
      done.abort(answered)
    }
  }
}

/** Named, because an error made for each time that nobody is waited for any more costs more than the rest of a call. */
const answered = new Error('It has been answered.')

/** Not every answer is JSON, and not everybody looks: to try and fail is dear. */
class Answer {
  readonly status: number
  readonly text: string
  #json: unknown

  constructor(status: number, text: string) {
    this.status = status
    this.text = text
  }

  get json(): unknown {
    return (this.#json ??= parsed(this.text))
  }
}

async function readText(inbound: Inbound): Promise<string> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of inbound.body) {
    sizeBytes += chunk.length
    if (sizeBytes > answerMaxBytes) throw new NetFault('framing', 'its answer is larger than any list of models')
    chunks.push(chunk)
  }
  const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

/** Undefined when it is no JSON: whoever asked knows what that means, by the status. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
