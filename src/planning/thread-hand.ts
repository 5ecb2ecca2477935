import type { Worker } from 'node:worker_threads'
import type { RecordedUpstream } from '../recording/rows.ts'
import type { FittedUpstream } from './fit.ts'
import type { Hand } from './hand.ts'
import type { Order } from './hand-thread.ts'
import { packed } from './packed.ts'
import type { Passage } from './passage.ts'
import type { Plan } from './plan.ts'
import type { PlayParts } from './play.ts'
import { type Answer, roomyThread, valueOf } from './roomy-thread.ts'
import type { Origin } from './traffic.ts'

/** Has a thread of its own, from the first order on, to which all that was recorded is sent once. */
export class ThreadHand implements Hand {
  readonly #origin: Origin
  #worker: Worker | undefined
  #underWay: PromiseWithResolvers<unknown> | undefined

  constructor(origin: Origin) {
    this.#origin = origin
  }

  readonly play = (plan: Plan, { traffic: _itsOwn, ...parts }: PlayParts): Promise<readonly Passage[]> =>
    this.#ask({ type: 'play', plan: packed(plan), parts }) as Promise<readonly Passage[]>

  readonly fit = (upstream: RecordedUpstream): Promise<FittedUpstream> =>
    this.#ask({ type: 'fit', upstream }) as Promise<FittedUpstream>

  end(): void {
    void this.#worker?.terminate()
  }

  #ask(order: Order): Promise<unknown> {
    this.#underWay = Promise.withResolvers()
    this.#worker ??= this.#started()
    this.#worker.postMessage(order, [])
    return this.#underWay.promise
  }

  #started(): Worker {
    const worker = roomyThread(entry, this.#origin)
    worker.on('message', (answer: Answer) => this.#told(answer))
    worker.on('error', (error) => this.#underWay?.reject(error))
    worker.on('exit', () => this.#underWay?.reject(new Error('The thread of a simulation ended.')))
    return worker
  }

  #told(answer: Answer): void {
    try {
      this.#underWay?.resolve(valueOf(answer))
    } catch (error) {
      this.#underWay?.reject(error)
    }
  }
}

/** Beside this file, whether it runs as it was written or as it was built. */
const entry = new URL(import.meta.url.endsWith('.ts') ? './hand-thread.ts' : './hand-thread.js', import.meta.url)
