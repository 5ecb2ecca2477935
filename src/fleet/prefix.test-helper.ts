import type { Prefix } from '../core/prefix.ts'

/** For tests: a prompt in letters, each a block; the mark of a block depends on all before it. */
export function prefixOf(letters: string): Prefix {
  const marks = Int32Array.from(letters, (_, at) => hash(letters.slice(0, at + 1)))
  return { marks, share: (blocks) => blocks / letters.length }
}

const hash = (text: string): number =>
  Array.from(text).reduce((sum, one) => Math.imul(sum ^ one.charCodeAt(0), 0x01000193), 7)
