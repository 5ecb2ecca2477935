import { type Arm, askCloud } from '../stage.ts'
import { inTurn } from './direct.ts'

/** So many in the system for each server; who comes beyond that goes to the cloud, or is refused where there is none. */
export const cap =
  (most: number): Arm =>
  (stage) => {
    const home = inTurn(stage)
    let open = 0
    return async (errand) => {
      if (open >= most * stage.homes.length) return askCloud(stage, errand)
      open += 1
      try {
        return await home(errand)
      } finally {
        open -= 1
      }
    }
  }
