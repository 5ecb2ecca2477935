import { type Arm, askCloud } from '../stage.ts'
import { inTurn } from './direct.ts'

/** No first token in time: the caller hangs up and asks the cloud, or gives up where there is none. */
export const timeout =
  (afterMs: number): Arm =>
  (stage) => {
    const home = inTurn(stage)
    return async (errand) => {
      const gone = new AbortController()
      const spoke = new AbortController()
      void stage.world.sleep(afterMs, spoke.signal).then(() => {
        if (!spoke.signal.aborted) gone.abort()
      })
      const heard = await home(errand, { signal: gone.signal, onFirstToken: () => spoke.abort() })
      spoke.abort()
      return heard.firstTokenAt === undefined ? askCloud(stage, errand) : heard
    }
  }
