type Step = IteratorResult<Uint8Array>

const end: Step = { done: true, value: undefined }

/** The body of an answer, written on one side and read on the other. What is written waits until it is read. */
export class Pipe implements AsyncIterableIterator<Uint8Array> {
  readonly #waiting: Uint8Array[] = []
  readonly #onDrop: () => void
  #reader: PromiseWithResolvers<Step> | undefined
  #over: { readonly error: Error | undefined } | undefined

  /** @param onDrop told once when the reader goes before the end. */
  constructor(onDrop: () => void = () => {}) {
    this.#onDrop = onDrop
  }

  /** A body that is all there. */
  static of(bytes: Uint8Array): Pipe {
    const pipe = new Pipe()
    if (bytes.length > 0) pipe.write(bytes)
    pipe.end()
    return pipe
  }

  write(bytes: Uint8Array): void {
    if (this.#over !== undefined) return
    const reader = this.#reader
    if (reader === undefined) {
      this.#waiting.push(bytes)
      return
    }
    this.#reader = undefined
    reader.resolve({ done: false, value: bytes })
  }

  end(): void {
    this.#finish(undefined)
  }

  /** The transfer breaks: the reader gets what was written before, then the error. */
  fail(error: Error): void {
    this.#finish(error)
  }

  next(): Promise<Step> {
    const bytes = this.#waiting.shift()
    if (bytes !== undefined) return Promise.resolve({ done: false, value: bytes })
    if (this.#over === undefined) return (this.#reader = Promise.withResolvers<Step>()).promise
    return this.#over.error === undefined ? Promise.resolve(end) : Promise.reject(this.#over.error)
  }

  return(): Promise<Step> {
    this.#waiting.length = 0
    if (this.#over === undefined) {
      this.end()
      this.#onDrop()
    }
    return Promise.resolve(end)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #finish(error: Error | undefined): void {
    if (this.#over !== undefined) return
    this.#over = { error }
    const reader = this.#reader
    this.#reader = undefined
    if (error === undefined) reader?.resolve(end)
    else reader?.reject(error)
  }
}
