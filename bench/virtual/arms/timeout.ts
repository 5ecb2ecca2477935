import { NetFault } from '../../../src/core/world.ts'
import { type Arm, ask, askCloud } from '../stage.ts'
import type { Heard } from '../trip.ts'
import { refused } from '../trip.ts'

/** No first token in time: the caller hangs up and asks the cloud, or gives up where there is none. */
export const timeout =
  (afterMs: number): Arm =>
  (stage) => {
    const { world, homes } = stage
    let turn = 0
    return async (errand) => {
      const gone = new AbortController()
      const spoke = new AbortController()
      void world.sleep(afterMs, spoke.signal).then(() => {
        if (!spoke.signal.aborted) gone.abort()
      })
      const spot = homes[(turn += 1) % homes.length]!
      let heard: Heard
      try {
        heard = await ask(stage, spot, errand, { signal: gone.signal, onFirstToken: () => spoke.abort() })
      } catch (error) {
        if (!(error instanceof NetFault)) throw error
        heard = { ...refused, ending: 'broken' }
      }
      const isWhole = heard.ending === 'whole'
      spoke.abort()
      return isWhole || heard.firstTokenAt !== undefined ? heard : askCloud(stage, errand)
    }
  }
