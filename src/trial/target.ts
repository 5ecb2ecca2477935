import type { Question } from './question.ts'
import type { Sample } from './sample.ts'

/** Anything that answers questions: a gateway in this process, one at a distance, or a bare server. */
export interface Target {
  /** Never rejects: what goes wrong is told in the sample. */
  ask(question: Question, signal: AbortSignal): Promise<Sample>
}
