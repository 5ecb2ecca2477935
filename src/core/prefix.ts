/**
 * How a prompt begins, in marks: one for each block of its text, made of that block and all before it. Two prompts that
 * have a mark in common are the same up to there. The first blocks are small, later ones grow with the way behind them.
 */
export interface Prefix {
  readonly marks: Int32Array
  /** How much of the whole prompt its first so many blocks are, from 0 to 1. */
  share(blocks: number): number
}

/** As many blocks as begin a prompt and are known. Who knows a block knows all before it, so half of them need no look. */
export function blocksKnown({ marks }: Prefix, isKnown: (mark: number, block: number) => boolean): number {
  let known = 0
  let beyond = marks.length
  while (known < beyond) {
    const middle = (known + beyond) >> 1
    if (isKnown(marks[middle]!, middle)) known = middle + 1
    else beyond = middle
  }
  return known
}
