import { leftAfter, meanOf, type Length } from '../core/length.ts'
import type { Prefix } from '../core/prefix.ts'
import type { Visit } from './prefix-memory.ts'
import type { Stallable } from './pulse.ts'

/** What was expected of an ask when it was given its room, and what is seen of it, until it ends. */
export interface Stay {
  readonly startedAt: number
  /** Of its prompt, what the server has to read. */
  readonly newTokens: number
  /** Undefined where nothing of its prompt is remembered. */
  readonly visit: Visit | undefined
  readonly length: Length
  /** When its first token was expected. */
  readonly speaksAt: number
  /** The same if all prompts that came before are read before its own. */
  readonly readBy: number
  /** When it began to speak; undefined while it has not, or where nobody sees it. */
  spokeAt: number | undefined
  /** Asks in the place when it began, itself included. */
  readonly inFlight: number
  /** Nobody knew whether there was room for it. */
  readonly isDoubtful: boolean
  /** What its limit made of its coming. */
  readonly toRead: number
  /** The sum of all stays in the place up to then. */
  readonly staysBefore: number
  /** When it ceased to have the server to itself: at once, when another joined, or never. */
  aloneUntil: number
  readonly cold: boolean
  /** Whether the caller sees tokens as they come. */
  readonly stream: boolean
  /** It is the one that tries a broken server, or a model that failed there. */
  readonly isTrial: boolean
  readonly isModelTrial: boolean
  /** Who is to be told when nothing more comes; undefined where nobody said. */
  holder: Stallable | undefined
}

/** One who comes to stay. */
export interface Guest {
  readonly promptTokens: number
  readonly prefix?: Prefix | undefined
  readonly length: Length
  readonly stream: boolean
  readonly isTrial: boolean
  /** Nothing else is under way on the whole server. */
  readonly alone: boolean
}

export interface Seen {
  readonly firstTokenMs: number | undefined
  readonly outputTokens: number
  /** Of the prompt, what the server says it need not read. */
  readonly cachedTokens?: number | undefined
  /** The server is to be left alone with this model for so long. */
  readonly restMs?: number | undefined
}

/** How long an ask is still going to stay. */
export function leftMs({ length, stream, spokeAt, speaksAt }: Stay, stepMs: number, now: number): number {
  // One that is silent beyond its time stands in line in the server, and has all before it.
  const beganAt = spokeAt ?? (stream ? Math.max(now, speaksAt) : speaksAt)
  if (now <= beganAt) return beganAt - now + stepMs * meanOf(length)
  return stepMs * leftAfter(length, (now - beganAt) / stepMs)
}
