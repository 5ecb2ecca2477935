import type { Facts } from './facts.ts'

export type Level = 'ok' | 'warn' | 'fail'

/** What was found, in one sentence, and what to do about it in another. */
export interface Finding {
  readonly level: Level
  readonly text: string
  readonly advice?: string | undefined
}

/** Looks at one thing. Pure: all that it knows of the machine is in the facts. */
export interface Check {
  readonly name: string
  readonly look: (facts: Facts) => readonly Finding[]
}

export const ok = (text: string): Finding => ({ level: 'ok', text })

export const warn = (text: string, advice: string): Finding => ({ level: 'warn', text, advice })

export const fail = (text: string, advice: string): Finding => ({ level: 'fail', text, advice })
