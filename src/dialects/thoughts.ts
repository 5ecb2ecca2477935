import type { Part } from '../core/part.ts'

const opening = '<think>'
const closing = '</think>'

/**
 * Finds thoughts where a server leaves them in the text, tags and all: at the very beginning of an answer, and nowhere
 * else, so that a text about tags stays as it is. What may be a part of a tag waits for the rest of it.
 */
export class ThoughtFinder {
  #state: 'before' | 'inside' | 'between' | 'behind' = 'before'
  #held = ''

  /** What this part turns out to be, by now. */
  sort(part: Part): readonly Part[] {
    if (this.#state === 'behind') return [part]
    // Who can tell thoughts apart, has done so; and probabilities belong to the very tokens.
    if (part.type === 'thinking-delta' || (part.type === 'text-delta' && part.logprobs !== undefined)) {
      return [...this.#giveUp(), part]
    }
    if (part.type !== 'text-delta') return part.type === 'usage' ? [part] : [...this.#giveUp(), part]
    this.#held += part.text
    if (this.#state === 'between') return this.#begin()
    return this.#state === 'before' ? this.#look() : this.#think()
  }

  #look(): readonly Part[] {
    const text = this.#held.trimStart()
    if (text === '' || (text.length < opening.length && opening.startsWith(text))) return []
    if (!text.startsWith(opening)) return this.#giveUp()
    this.#state = 'inside'
    this.#held = text.slice(opening.length)
    return this.#think()
  }

  #think(): readonly Part[] {
    const end = this.#held.indexOf(closing)
    if (end === -1) {
      const sure = this.#held.length - tornTail(this.#held)
      const thought = this.#held.slice(0, sure)
      this.#held = this.#held.slice(sure)
      return thoughts(thought)
    }
    const thought = this.#held.slice(0, end)
    this.#state = 'between'
    this.#held = this.#held.slice(end + closing.length)
    return [...thoughts(thought), ...this.#begin()]
  }

  /** The lines that stand between the thoughts and the text belong to neither. */
  #begin(): readonly Part[] {
    this.#held = this.#held.replace(/^\n+/, '')
    return this.#held === '' ? [] : this.#giveUp()
  }

  #giveUp(): readonly Part[] {
    const held = this.#held
    this.#held = ''
    const wasInside = this.#state === 'inside'
    this.#state = 'behind'
    return wasInside ? thoughts(held) : texts(held)
  }
}

const thoughts = (text: string): Part[] => (text === '' ? [] : [{ type: 'thinking-delta', text }])
const texts = (text: string): Part[] => (text === '' ? [] : [{ type: 'text-delta', text }])

/** How much of the end of this text may be the beginning of the closing tag. */
function tornTail(text: string): number {
  for (let length = Math.min(closing.length - 1, text.length); length > 0; length -= 1) {
    if (closing.startsWith(text.slice(-length))) return length
  }
  return 0
}
