const leastBytes = 4 * 1024

/**
 * Text that gathers until somebody takes it, as bytes from the first moment on: kept as strings, all of it would be moved about by
 * every collection of garbage meanwhile.
 */
export class Gathering {
  #bytes: Buffer = nothing
  #length = 0
  #spare: Buffer = nothing
  /** As much as was taken last: so much will gather again. */
  #usual = leastBytes

  /** In bytes. */
  get length(): number {
    return this.#length
  }

  /** Says how many bytes it came to. */
  add(text: string | Buffer): number {
    // No letter of a string takes more than three bytes.
    const most = typeof text === 'string' ? text.length * 3 : text.length
    if (this.#bytes.length - this.#length < most) this.#grow(this.#length + most)
    const written =
      typeof text === 'string' ? this.#bytes.write(text, this.#length) : text.copy(this.#bytes, this.#length)
    this.#length += written
    return written
  }

  /** All of it. What comes next gathers anew. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#usual = Math.max(leastBytes, this.#length)
    this.#bytes = nothing
    this.#length = 0
    return taken
  }

  /**
   * Whoever has done with what was taken may give it back, and nobody reads it any more. Else there would be new memory each time,
   * outside the heap, and the collector works the harder the more of that it sees.
   */
  giveBack({ buffer, byteOffset }: Buffer): void {
    const isOurs = byteOffset === 0 && buffer.byteLength >= leastBytes
    if (isOurs && buffer.byteLength <= 4 * roomFor(this.#usual)) this.#spare = Buffer.from(buffer)
  }

  #grow(atLeast: number): void {
    const wanted = Math.max(atLeast, roomFor(this.#bytes === nothing ? this.#usual : this.#bytes.length + 1))
    const grown = this.#spare.length >= wanted ? this.#spare : Buffer.allocUnsafeSlow(wanted)
    this.#spare = nothing
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}

const nothing = Buffer.alloc(0)

/** A little more than that, in few different sizes. */
const roomFor = (bytes: number): number => 2 ** Math.ceil(Math.log2(bytes * 1.25))
