/**
 * The log of SQLite, as it lies on the disk: a header, and frames of one page each. A checksum runs through all of them; a
 * frame that does not fit ends the log for SQLite, without a word.
 */
export interface Wal {
  readonly pageSize: number
  /** Of this round of the log: what was there before it has others. */
  readonly salts: string
  readonly frames: readonly Frame[]
  /** How many of the frames are of this round and fit, from the first on. */
  readonly fitting: number
  /** Bytes behind the last whole frame. */
  readonly rest: number
}

export interface Frame {
  /** Where it begins in the file. */
  readonly offset: number
  readonly page: number
  /** Pages in the database after this frame, if it ends a commit; else 0. */
  readonly sizeAfter: number
}

export const headerBytes = 32
export const frameHeaderBytes = 24

/** Undefined where it is empty; it throws where it begins with anything but a header. */
export function readWal(bytes: Buffer): Wal | undefined {
  if (bytes.length === 0) return undefined
  const isHeader =
    bytes.length >= headerBytes && (bytes.readUInt32BE(0) & ~1) === 0x377f0682 && bytes.readUInt32BE(4) === 3_007_000
  if (!isHeader) throw new RangeError('does not begin with the header of a log')
  const isBigEndian = (bytes.readUInt32BE(0) & 1) === 1
  const sum = new RunningSum(isBigEndian)
  sum.add(bytes, 0, 24)
  if (!sum.is(bytes, 24)) throw new RangeError('has a header that does not fit its checksum')

  const pageSize = bytes.readUInt32BE(8)
  const frameSize = frameHeaderBytes + pageSize
  const frames: Frame[] = []
  let fitting = 0
  for (let offset = headerBytes; offset + frameSize <= bytes.length; offset += frameSize) {
    frames.push({ offset, page: bytes.readUInt32BE(offset), sizeAfter: bytes.readUInt32BE(offset + 4) })
    if (fitting < frames.length - 1) continue
    const isOurs = bytes.compare(bytes, 16, 24, offset + 8, offset + 16) === 0
    if (!isOurs) continue
    sum.add(bytes, offset, 8)
    sum.add(bytes, offset + frameHeaderBytes, pageSize)
    if (sum.is(bytes, offset + 16)) fitting += 1
  }
  const rest = (bytes.length - headerBytes) % frameSize
  return { pageSize, salts: bytes.toString('hex', 16, 24), frames, fitting, rest }
}

/** Of the frames that fit, those whose commit is there too. */
export function committed({ frames, fitting }: Wal): readonly Frame[] {
  const last = frames.findLastIndex(({ sizeAfter }, i) => i < fitting && sizeAfter !== 0)
  return frames.slice(0, last + 1)
}

/** SQLite's own checksum: two sums of 32 bits that feed one another. */
class RunningSum {
  readonly #isBigEndian: boolean
  #one = 0
  #two = 0

  constructor(isBigEndian: boolean) {
    this.#isBigEndian = isBigEndian
  }

  add(bytes: Buffer, from: number, length: number): void {
    let [one, two] = [this.#one, this.#two]
    const view = new DataView(bytes.buffer, bytes.byteOffset + from, length)
    for (let i = 0; i < length; i += 8) {
      one = (one + view.getUint32(i, !this.#isBigEndian) + two) | 0
      two = (two + view.getUint32(i + 4, !this.#isBigEndian) + one) | 0
    }
    ;[this.#one, this.#two] = [one, two]
  }

  is(bytes: Buffer, at: number): boolean {
    return bytes.readInt32BE(at) === this.#one && bytes.readInt32BE(at + 4) === this.#two
  }
}
