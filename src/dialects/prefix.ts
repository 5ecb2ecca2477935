import { crc32 } from 'node:zlib'
import type { Json } from '../core/json.ts'
import type { Prefix } from '../core/prefix.ts'

/** Less is read again in no time. */
const firstBlock = 1024
/** Beyond this many characters prompts are not told apart: it takes a third of a millisecond to come so far. */
const charactersMax = 256 * 1024
/** From here on a block is at least this part of all before it: more marks would say little more. */
const fineness = 16
/** The end of a picture, as long as `estimateTokens` takes all pictures to be: it tells one from another. */
const mediaCharacters = 2_400

/** Where each block ends. */
const ends: readonly number[] = blockEnds()

function blockEnds(): number[] {
  const found: number[] = []
  for (let end = firstBlock; end <= charactersMax;) {
    found.push(end)
    end += Math.max(firstBlock, 2 ** Math.floor(Math.log2(end)) / fineness)
  }
  return found
}

/** One for all: nothing here awaits. */
const scratch = Buffer.allocUnsafeSlow(charactersMax)
/** Shorter pieces are joined before they are written, of which each costs a call; a longer one would be copied once more by that. */
const joinedMax = 512

/**
 * The beginning of a prompt. `members` names the fields of the body that a model reads, in the order in which it does;
 * undefined for a prompt too short to be worth it. Nothing is computed until somebody asks for the marks.
 */
export function prefixOf(body: Json, promptTokens: number, members: readonly string[]): Prefix | undefined {
  // No estimate is lower than a quarter of the text.
  return promptTokens * 4 < firstBlock ? undefined : new TextPrefix(body, members)
}

class TextPrefix implements Prefix {
  readonly #members: readonly string[]
  /** Until it is read: who remembers a prefix must not keep a whole request. */
  #body: Json | undefined
  #marks: Int32Array | undefined
  #length = 0

  constructor(body: Json, members: readonly string[]) {
    this.#body = body
    this.#members = members
  }

  get marks(): Int32Array {
    return (this.#marks ??= this.#read())
  }

  share(blocks: number): number {
    return blocks === 0 ? 0 : ends[blocks - 1]! / this.#length
  }

  #read(): Int32Array {
    const reader = new Reader()
    for (const member of this.#members) reader.read(this.#body?.[member], false)
    this.#body = undefined
    this.#length = reader.length
    const written = reader.end()
    let blocks = 0
    while (blocks < ends.length && ends[blocks]! <= written) blocks += 1
    const marks = new Int32Array(blocks)
    let mark = 0
    let from = 0
    for (let block = 0; block < blocks; block += 1) {
      const end = ends[block]!
      mark = crc32(scratch.subarray(from, end), mark)
      marks[block] = mark
      from = end
    }
    return marks
  }
}

/**
 * Only what is said counts, not how it is wrapped: the same conversation is the same in every dialect, and stays the same
 * when a client moves its marks for caching from one message to the next, or wraps a text in a part.
 */
class Reader {
  /** Of all there is. */
  length = 0
  /** In `scratch`: as much as is looked at. */
  #written = 0
  #joined = ''

  /** How much of `scratch` is written. */
  end(): number {
    this.#write(this.#joined)
    this.#joined = ''
    return this.#written
  }

  read(value: unknown, isMedia: boolean): void {
    if (typeof value === 'string')
      this.#add(isMedia && value.length > mediaCharacters ? value.slice(-mediaCharacters) : value)
    else if (typeof value === 'number') this.#add(`${value} `)
    else if (Array.isArray(value)) for (const one of value as unknown[]) this.read(one, isMedia)
    else if (typeof value === 'object' && value !== null) {
      for (const key in value) if (!wrapping.has(key)) this.read((value as Json)[key], isMedia || media.has(key))
    }
  }

  #add(piece: string): void {
    this.length += piece.length
    if (this.#written === charactersMax) return
    const isJoined = piece.length < joinedMax
    if (isJoined) this.#joined += piece
    if (isJoined && this.#joined.length < joinedMax) return
    this.end()
    if (!isJoined) this.#write(piece)
  }

  /** Of a character beyond Latin the lower byte is taken: enough to tell texts apart, and never longer than the text. */
  #write(piece: string): void {
    this.#written += scratch.write(piece, this.#written, 'latin1')
  }
}

const wrapping: ReadonlySet<string> = new Set([
  'role',
  'type',
  'id',
  'cache_control',
  'tool_call_id',
  'tool_use_id',
  'call_id',
])

/** Fields of pictures, sounds and files, in whichever dialect. */
const media: ReadonlySet<string> = new Set(['image_url', 'input_audio', 'file', 'file_data', 'images', 'source'])
