import type { Setting } from '../core/backend.ts'
import { Fault } from '../core/fault.ts'

/**
 * Brings models into memory by requests of the gateway's own: on some servers a caller who hangs up while its model is
 * being loaded stops that for everybody who waits for it. One after the other, since servers load so as well, and two
 * loads at once may each throw out the other's model.
 */
export class Loading {
  readonly #underWay = new Map<string, Promise<void>>()
  #last: Promise<void> = Promise.resolve()

  get isBusy(): boolean {
    return this.#underWay.size > 0
  }

  isUnderWay(model: string): boolean {
    return this.#underWay.has(model)
  }

  /** Joins the load of this model, or begins it. */
  bring(setting: Setting, load: (setting: Setting) => Promise<void>): Promise<void> {
    const { model } = setting
    let loading = this.#underWay.get(model)
    if (loading === undefined) {
      loading = this.#last
        .then(() => load(setting))
        .catch((error: unknown) => {
          if (error instanceof Fault) throw error
          throw new Fault('upstream-broke', `The server could not load the model ${model}.`, { cause: error })
        })
        .finally(() => this.#underWay.delete(model))
      this.#underWay.set(model, loading)
      this.#last = loading.catch(() => {})
    }
    return loading
  }
}
