/**
 * What stands in the journal, each told by its first letter: how a request ended, a try that left, how far one has come, and
 * how far the books have come.
 */

/** How far the books have come. */
export interface Position {
  readonly segment: number
  readonly offset: number
}

export const closeRecord = (entry: string): string => `c${entry}`

export const sentRecord = (claimId: string): string => `s${claimId}`

export const heardRecord = (claimId: string, outputTokens: number): string => `h${outputTokens}:${claimId}`

export const postedRecord = ({ segment, offset }: Position): string => `p${segment}:${offset}`

/** The entry in a record; undefined for one of another kind. */
export const entryIn = (record: string): string | undefined => (record[0] === 'c' ? record.slice(1) : undefined)

/** Several, as one text crosses to the books. */
export const together = (entries: readonly string[]): string => `[${entries.join(',')}]`

/** What a dead process left behind. */
export class Remains {
  /** By the id of a try that left: the tokens that were heard of it. */
  readonly heard = new Map<string, number>()
  /** How far the books had come. */
  posted: Position = { segment: 0, offset: 0 }

  read(record: string): void {
    const at = record.indexOf(':')
    const rest = record.slice(1)
    switch (record[0]) {
      case 's':
        if (!this.heard.has(rest)) this.heard.set(rest, 0)
        break
      case 'h':
        this.heard.set(record.slice(at + 1), Number(record.slice(1, at)))
        break
      case 'p':
        this.posted = { segment: Number(record.slice(1, at)), offset: Number(record.slice(at + 1)) }
        break
      default:
    }
  }
}
