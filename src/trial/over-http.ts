import { Fault } from '../core/fault.ts'
import { applyEdits, isObject, type Json } from '../core/json.ts'
import { type Inbound, NetFault, type Outbound, type World } from '../core/world.ts'
import { talkById } from '../dialects/index.ts'
import { Listener } from './listener.ts'
import { promptOf, type Question } from './question.ts'
import type { Sample } from './sample.ts'
import type { Target } from './target.ts'

export interface HttpTarget {
  /** Scheme, host and port, and a path where the server's own begin behind one. */
  readonly url: string
  readonly model: string
  readonly key?: string | undefined
  /** In which it is asked; OpenAI's chat where it is not said. */
  readonly dialect?: string
  /** Beside those that are needed. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
}

/** A gateway that runs, or a bare server, over the network of a world. */
export function overHttp(
  world: World,
  { url, model, key, dialect: id = 'openai-chat', headers: more = [] }: HttpTarget,
): Target {
  const dialect = talkById(id)
  if (dialect === undefined) throw new Error(`No model speaks ${id}.`)
  const { origin, pathname } = new URL(url)
  const path = pathname.replace(/\/$/, '') + dialect.routes[0]!
  const headers = [
    ['content-type', 'application/json'] as const,
    ...(key === undefined ? [] : [['authorization', `Bearer ${key}`] as const, ['x-api-key', key] as const]),
    ...more,
  ]

  const bodyOf = (question: Question): Uint8Array => {
    const body = dialect.writePrompt(promptOf(question, model))
    return Buffer.from(JSON.stringify(applyEdits(body, dialect.usageEdits(body) ?? {})))
  }

  return {
    async ask(question, signal): Promise<Sample> {
      const atMs = world.now()
      const listener = new Listener(dialect, () => world.now())
      let inbound: Inbound | undefined
      let fault: Fault | undefined
      try {
        inbound = await sent(world, { method: 'POST', origin, path, headers, body: bodyOf(question), signal })
        if (inbound.status !== 200) fault = await refusalIn(inbound)
        else {
          await listener.listen(inbound.body)
          if (!listener.isWhole) fault = new Fault('upstream-broke', 'The answer broke off.')
        }
      } catch (error) {
        fault = faultOf(error, signal)
      }
      const { firstTokenAt, pieces, usage } = listener
      return {
        atMs,
        firstTokenMs: firstTokenAt === undefined ? undefined : firstTokenAt - atMs,
        totalMs: world.now() - atMs,
        promptTokens: usage?.promptTokens ?? 0,
        outputTokens: usage?.outputTokens ?? pieces,
        fault: fault?.kind,
        complaint: fault?.message,
        retryAfterMs: fault?.retryAfterMs,
        upstream: inbound?.headers['x-spillway-upstream'],
      }
    },
  }
}

/** A server may give up a kept connection just as it is used again: every client asks once more then. */
async function sent(world: World, out: Outbound): Promise<Inbound> {
  try {
    return await world.send(out)
  } catch (error) {
    if (!(error instanceof NetFault && error.kept) || out.signal?.aborted === true) throw error
    return world.send(out)
  }
}

function faultOf(error: unknown, signal: AbortSignal): Fault {
  if (!signal.aborted && error instanceof NetFault) return new Fault('upstream-broke', error.message, { cause: error })
  return Fault.from(error, signal)
}

/** A gateway says by a code what it means; of others the status is all that is known. */
async function refusalIn({ status, headers, body }: Inbound): Promise<Fault> {
  const chunks: Uint8Array[] = []
  for await (const bytes of body) chunks.push(bytes)
  const said = objectIn(Buffer.concat(chunks).toString())
  const error = isObject(said?.['error']) ? said['error'] : (said ?? {})
  const { code, message } = error
  const seconds = Number(headers['retry-after'])
  const ms = Number(headers['retry-after-ms'])
  const retryAfterMs = ms > 0 ? ms : seconds > 0 ? seconds * 1_000 : undefined
  const told = typeof message === 'string' ? message : `The server answered ${status}.`
  return Fault.ofCode(typeof code === 'string' ? code : undefined, status, told, { retryAfterMs })
}

function objectIn(text: string): Json | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return isObject(json) ? json : undefined
  } catch {
    return undefined
  }
}
