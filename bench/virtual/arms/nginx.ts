import type { Arm } from '../stage.ts'
import { refused } from '../trip.ts'
import { inTurn } from './direct.ts'

/** nginx's `limit_conn`: so many at once, the rest is answered 503. */
export const limitConn =
  (most: number): Arm =>
  (stage) => {
    const home = inTurn(stage)
    let open = 0
    return async (errand) => {
      if (open >= most) return refused
      open += 1
      try {
        return await home(errand)
      } finally {
        open -= 1
      }
    }
  }

/** nginx's `limit_req` with `burst` and `nodelay`: what exceeds the rate by more than the burst is answered 503. */
export const limitReq =
  (perSecond: number, burst: number): Arm =>
  (stage) => {
    const home = inTurn(stage)
    let excess = 0
    let lastAt = -Infinity
    return (errand) => {
      const now = stage.world.now()
      const next = Math.max(0, excess - ((now - lastAt) * perSecond) / 1_000 + 1)
      if (next > burst) return Promise.resolve(refused)
      excess = next
      lastAt = now
      return home(errand)
    }
  }
