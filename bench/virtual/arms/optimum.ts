import { type Arm, ask, askCloud } from '../stage.ts'

/**
 * The best that can be done on one server that serves one after the other, when all answers take equally long and must be
 * there in time: whoever would still be in time is let in, first come, first served. It knows how long an answer takes.
 */
export const optimum =
  (deadlineMs: number, answerMs: number): Arm =>
  (stage) => {
    let freeAt = 0
    return (errand) => {
      const endsAt = Math.max(freeAt, stage.world.now()) + answerMs
      if (endsAt - stage.world.now() > deadlineMs) return askCloud(stage, errand)
      freeAt = endsAt
      return ask(stage, stage.homes[0]!, errand)
    }
  }
