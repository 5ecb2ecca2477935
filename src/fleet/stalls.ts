import type { Emit } from '../core/event.ts'
import { Watchdog } from '../core/watchdog.ts'
import type { World } from '../core/world.ts'
import type { Place } from './place.ts'
import type { Upstream } from './upstream.ts'

/** What does not get going again by itself is left alone for so long at least. */
const restMs = 10_000

/**
 * Finds models that have stopped in the middle of their answers while their server says that all is well. Nothing is asked
 * of anybody for it: that answers are under way and nothing comes of any of them is seen from here. Only then does it look a
 * second time, and what is confirmed has all its answers under way told at once: some servers only get going again when the
 * last of those who wait has hung up.
 */
export class Stalls {
  readonly #world: Pick<World, 'now' | 'sleep'>
  readonly #emit: Emit
  readonly #watchdog: Watchdog

  constructor(world: World, emit: Emit) {
    this.#world = world
    this.#emit = emit
    this.#watchdog = new Watchdog(world)
  }

  watch(upstream: Upstream, place: Place): void {
    // Behind one name in the cloud stand many machines, and a model there may think for minutes.
    if (upstream.settings.tier > 0) return
    const { pulse } = place
    pulse.onSilence = () => void this.#look(upstream, place)
    pulse.beat(this.#world.now())
    this.#again(place)
  }

  release({ pulse }: Place): void {
    this.#watchdog.release(pulse)
  }

  async #look(upstream: Upstream, place: Place): Promise<void> {
    const { pulse } = place
    const now = this.#world.now()
    // While something is loaded there all may stand still.
    if (place.loaded === false || upstream.memory.isLoading) pulse.beat(now)
    const { lastAt } = pulse
    const boundMs = place.silenceMaxMs
    if (now < lastAt + boundMs) {
      pulse.deadline = lastAt + boundMs
      this.#again(place)
      return
    }
    const isAtWork = await upstream.memory.isAtWork(place)
    // It has moved, or they have gone, or others have come.
    if (place.inFlight === 0 || pulse.lastAt !== lastAt) return this.#again(place)
    if (isAtWork === true || (isAtWork === undefined && now < lastAt + 2 * boundMs)) {
      pulse.deadline = now + boundMs
      this.#again(place)
      return
    }
    this.#stalled(upstream, place, this.#world.now() - lastAt)
  }

  #stalled(upstream: Upstream, place: Place, silentMs: number): void {
    place.stalls += 1
    const { inFlight: asks, tenant } = place
    this.#emit({ type: 'upstream-stalled', upstream: upstream.settings.name, model: tenant.model, asks, silentMs })
    place.stalled()
    // Where it comes back by being asked, whoever comes next waits for that.
    if (!upstream.memory.revive(place)) place.breaker.open(this.#world.now(), restMs)
  }

  #again({ inFlight, pulse }: Place): void {
    if (inFlight > 0 && pulse.slot === -1) this.#watchdog.watch(pulse)
  }
}
