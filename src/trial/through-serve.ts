import type { Caller, Priority } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { Reply } from '../core/reply.ts'
import { talkById } from '../dialects/index.ts'
import type { Gateway } from '../gateway.ts'
import { Listener } from './listener.ts'
import { promptOf } from './question.ts'
import type { Sample } from './sample.ts'
import type { Target } from './target.ts'

export interface ServeTarget {
  readonly model: string
  /** In which it is asked; OpenAI's chat where it is not said. */
  readonly dialect?: string
  /** Whoever asks without a key, where it is not said. */
  readonly caller?: Caller
  readonly priority?: Priority
  readonly patienceMs?: number
}

/** A gateway in this process, in whatever world it lives. */
export function throughServe(
  gateway: Pick<Gateway, 'world' | 'ask' | 'serve' | 'identify'>,
  { model, dialect: id = 'openai-chat', caller, ...wishes }: ServeTarget,
): Target {
  const dialect = talkById(id)
  if (dialect === undefined) throw new Error(`No model speaks ${id}.`)
  const { world } = gateway

  return {
    async ask(question, signal): Promise<Sample> {
      const atMs = world.now()
      const listener = new Listener(dialect, () => world.now())
      let reply: Reply | undefined
      let fault: Fault | undefined
      try {
        const body = dialect.writePrompt(promptOf(question, model))
        const who = caller ?? gateway.identify(undefined)
        reply = await gateway.serve(gateway.ask({ dialect, body, caller: who, signal, ...wishes }))
        await listener.listen(reply.body)
      } catch (error) {
        fault = Fault.from(error, signal)
      }
      // With a reply that broke off this is known as well: it is settled by the end of its body.
      const outcome = await reply?.outcome
      fault = outcome?.fault ?? fault
      const { firstTokenAt, pieces } = listener
      return {
        atMs,
        firstTokenMs: firstTokenAt === undefined ? undefined : firstTokenAt - atMs,
        totalMs: world.now() - atMs,
        promptTokens: outcome?.usage.promptTokens ?? 0,
        outputTokens: outcome?.usage.outputTokens ?? pieces,
        fault: fault?.kind,
        complaint: fault?.message,
        retryAfterMs: fault?.retryAfterMs,
        upstream: reply?.upstream,
      }
    },
  }
}
