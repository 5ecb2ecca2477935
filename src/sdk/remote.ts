import type { Ask } from '../core/ask.ts'
import type { Dialect, Watcher } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import type { Outcome, Reply } from '../core/reply.ts'
import type { Serve } from '../core/serve.ts'
import { noUsage, type Usage } from '../core/usage.ts'
import { patientFetch } from '../http/patient.ts'

export interface RemoteOptions {
  /** `http://127.0.0.1:11400`. */
  readonly url: string
  readonly key: string | undefined
  readonly dialectOf: (id: string) => Dialect
}

/** A Serve that lives at an address: the same verb, with a wire in between. */
export function remote({ url, key, dialectOf }: RemoteOptions): Serve {
  const base = url.replace(/\/+$/, '').replace(/\/v1$/, '')
  return async (ask) => {
    const dialect = dialectOf(ask.dialect)
    const response = await patientFetch(base + dialect.routes[0]!, {
      method: 'POST',
      headers: headersOf(ask, key),
      body: JSON.stringify(ask.body),
      signal: ask.signal,
    }).catch((error: unknown) => {
      if (ask.signal.aborted) throw Fault.from(error, ask.signal)
      throw new Fault('upstream-broke', `There is no gateway to be reached at ${base}.`, { cause: error })
    })
    if (!response.ok || response.body === null) throw await faultOf(response)
    const heard = new Heard(ask, dialect, response.headers)
    return {
      stream: ask.stream,
      upstream: heard.upstream,
      decision: response.headers.get('x-spillway-decision') ?? '',
      body: heard.pass(response.body),
      outcome: heard.outcome,
    } satisfies Reply
  }
}

/** An answer from afar, and what can be learned of it in passing. */
class Heard {
  readonly upstream: string
  readonly outcome: Promise<Outcome>
  readonly #ask: Ask
  readonly #dialect: Dialect
  /** Of a stream. */
  readonly #watcher: Watcher | undefined
  readonly #frameEnd: string
  /** Of an answer in one piece. */
  readonly #whole: Uint8Array[] = []
  readonly #settle: (outcome: Outcome) => void
  readonly #startedAt = performance.now()
  #firstTokenMs: number | undefined
  #torn = Buffer.alloc(0)

  constructor(ask: Ask, dialect: Dialect, headers: Headers) {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    this.upstream = headers.get('x-spillway-upstream') ?? ''
    this.outcome = promise
    this.#ask = ask
    this.#dialect = dialect
    const isStream = ask.stream && dialect.form === 'talk'
    this.#watcher = isStream ? dialect.watcher({ hideUsage: false, rename: undefined }) : undefined
    this.#frameEnd = isStream ? dialect.frameEnd : ''
    this.#settle = resolve
  }

  async *pass(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    let fault: Fault | undefined = new Fault('cancelled', 'The caller stopped reading.')
    try {
      for await (const chunk of body) {
        this.#firstTokenMs ??= performance.now() - this.#startedAt
        if (this.#watcher === undefined) this.#whole.push(chunk)
        else this.#look(chunk, this.#watcher)
        yield chunk
      }
      if (this.#watcher?.ended === false) throw this.#watcher.fault ?? new Error('ended early')
      fault = undefined
    } catch (error) {
      fault =
        this.#ask.signal.aborted || error instanceof Fault
          ? Fault.from(error, this.#ask.signal)
          : new Fault('upstream-broke', 'The connection to the gateway broke.', { cause: error })
      throw fault
    } finally {
      // Who reads on top of this may stop at the error first; it is what happened all the same.
      this.#end(this.#watcher?.fault ?? fault)
    }
  }

  #look(chunk: Uint8Array, watcher: Watcher): void {
    const bytes = Buffer.concat([this.#torn, chunk])
    const end = bytes.lastIndexOf(this.#frameEnd)
    const whole = end === -1 ? 0 : end + this.#frameEnd.length
    this.#torn = bytes.subarray(whole)
    if (whole > 0) watcher.see(bytes.subarray(0, whole))
  }

  #counted(): Usage | undefined {
    return this.#whole.length === 0 ? undefined : this.#dialect.usageOf(Buffer.concat(this.#whole))
  }

  #end(fault: Fault | undefined): void {
    this.#settle({
      usage: this.#watcher?.usage ?? (fault === undefined ? this.#counted() : undefined) ?? noUsage,
      upstream: this.upstream,
      tier: 0,
      attempts: 1,
      waitMs: 0,
      firstTokenMs: this.#firstTokenMs,
      totalMs: performance.now() - this.#startedAt,
      fault,
    })
  }
}

function headersOf(ask: Ask, key: string | undefined): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-request-id': ask.id,
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...(Number.isFinite(ask.patienceMs) ? { 'x-spillway-patience-ms': String(Math.round(ask.patienceMs)) } : {}),
    ...(ask.deadlineMs === undefined ? {} : { 'x-spillway-deadline-ms': String(Math.round(ask.deadlineMs)) }),
    ...(ask.priority === 'default' ? {} : { 'x-spillway-priority': ask.priority }),
    ...(ask.cloud === 'never' ? { 'x-spillway-cloud': 'never' } : {}),
  }
}

/** The gateway's own errors come back as what they were. */
async function faultOf(response: Response): Promise<Fault> {
  const text = await response.text()
  const after = Number(response.headers.get('retry-after-ms'))
  let said: { message?: unknown; code?: unknown; eta_ms?: unknown } | undefined
  try {
    said = (JSON.parse(text) as { error?: typeof said }).error
  } catch {
    // Not ours then: the status has to do.
  }
  const message = typeof said?.message === 'string' ? said.message : `The gateway answered ${response.status}.`
  return Fault.ofCode(typeof said?.code === 'string' ? said.code : undefined, response.status, message, {
    retryAfterMs: after > 0 ? after : undefined,
    etaMs: typeof said?.eta_ms === 'number' ? said.eta_ms : undefined,
  })
}
