import { Bag } from '../core/bag.ts'
import type { Emit } from '../core/event.ts'
import type { World } from '../core/world.ts'
import type { Place } from './place.ts'
import type { Pulse } from './pulse.ts'
import type { Upstream } from './upstream.ts'

/** How often it looks whether anything moves, while there is something that should. */
const tickMs = 500
/** Of what is silent and cannot be asked whether it is at work, it is looked this often whether it has gone altogether. */
const doubtEveryMs = 2_000
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
  readonly #watched = new Bag<Pulse>()
  #stop: AbortController | undefined
  #isRunning = false

  constructor(world: World, emit: Emit) {
    this.#world = world
    this.#emit = emit
  }

  start(): void {
    this.#stop ??= new AbortController()
  }

  stop(): void {
    this.#stop?.abort()
    this.#stop = undefined
  }

  watch(upstream: Upstream, place: Place): void {
    // Behind one name in the cloud stand many machines, and a model there may think for minutes.
    if (upstream.settings.tier > 0 || this.#stop === undefined) return
    const { pulse } = place
    pulse.onSilence = () => void this.#look(upstream, place)
    pulse.beat(this.#world.now())
    this.#watch(pulse)
  }

  release({ pulse }: Place): void {
    this.#watched.delete(pulse)
  }

  #watch(pulse: Pulse): void {
    this.#watched.add(pulse)
    if (!this.#isRunning && this.#stop !== undefined) void this.#run(this.#stop.signal)
  }

  async #run(stopped: AbortSignal): Promise<void> {
    this.#isRunning = true
    while (this.#watched.size > 0) {
      await this.#world.sleep(tickMs, stopped, this.#nothingYet)
      if (stopped.aborted) break
      const now = this.#world.now()
      for (const pulse of this.#watched) {
        if (now < pulse.deadline) continue
        this.#watched.delete(pulse)
        pulse.onSilence()
      }
    }
    this.#isRunning = false
  }

  readonly #nothingYet = (): boolean => {
    const now = this.#world.now()
    return this.#watched.size > 0 && !this.#watched.some((pulse) => now >= pulse.deadline)
  }

  async #look(upstream: Upstream, place: Place): Promise<void> {
    const { pulse } = place
    const now = this.#world.now()
    // While something is loaded there all may stand still; and what nobody reads does.
    if (place.loaded === false || upstream.memory.isLoading || place.isHeldUp) pulse.beat(now)
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
    if (isAtWork === true) {
      pulse.deadline = now + boundMs
      return this.#again(place)
    }
    // Nobody can say. One that does not answer its probes either is not at work.
    if (isAtWork === undefined && upstream.up !== false && now < lastAt + 2 * boundMs) {
      pulse.deadline = now + doubtEveryMs
      return this.#again(place)
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
    if (inFlight > 0 && pulse.slot === -1) this.#watch(pulse)
  }
}
