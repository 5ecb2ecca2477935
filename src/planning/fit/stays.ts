import type { Recording } from '../../recording/read.ts'
import type { RequestRow } from '../../recording/rows.ts'

/** What one request did at one server, on a clock that begins with the recording. */
export interface Stay {
  readonly model: string
  readonly arrivedAt: number
  readonly sentAt: number
  readonly endAt: number
  /** It had to wait for its place. */
  readonly hasWaited: boolean
  /** Undefined where nobody saw it: the answer came in one piece, or never. */
  readonly firstAt: number | undefined
  /** Of the prompt, what had to be read. */
  readonly readTokens: number
  readonly promptTokens: number
  readonly cachedTokens: number | undefined
  readonly blocks: readonly number[]
  readonly blockTokens: number
  readonly outputTokens: number
  /** Answered at the first try and to the end: its times tell of the server. Others only took room. */
  readonly isWhole: boolean
  /** Its tokens were counted by the server. */
  readonly isCounted: boolean
}

/** A stay of which all is known that a server's speed shows in. */
export interface SeenStay extends Stay {
  readonly firstAt: number
}

/** Of each server, in the order in which they were sent. */
export function staysIn({ requests }: Recording): ReadonlyMap<string, readonly Stay[]> {
  const beganAt = requests[0]?.at ?? 0
  const stays = new Map<string, Stay[]>()
  for (const row of requests) {
    if (row.upstream === undefined || row.attempts === 0 || row.needs.includes('vectors')) continue
    const stay = stayOf(row, row.at - beganAt)
    const theirs = stays.get(row.upstream)
    if (theirs === undefined) stays.set(row.upstream, [stay])
    else theirs.push(stay)
  }
  for (const theirs of stays.values()) theirs.sort((one, other) => one.sentAt - other.sentAt)
  return stays
}

function stayOf(row: RequestRow, arrivedAt: number): Stay {
  const { prompt_tokens: promptTokens, cached_tokens: cachedTokens, first_token_ms: firstMs } = row
  const isWhole = row.fault === undefined && row.attempts === 1
  return {
    model: row.model,
    arrivedAt,
    sentAt: arrivedAt + row.wait_ms,
    endAt: arrivedAt + row.total_ms,
    hasWaited: row.wait_ms > 1,
    firstAt: row.stream && firstMs !== undefined && row.attempts === 1 ? arrivedAt + firstMs : undefined,
    readTokens: Math.max(promptTokens - (cachedTokens ?? 0), 1),
    promptTokens,
    cachedTokens,
    blocks: row.blocks ?? [],
    blockTokens: row.block_tokens ?? 0,
    outputTokens: row.output_tokens,
    isWhole,
    isCounted: row.estimated !== true,
  }
}

export const isSeen = (stay: Stay): stay is SeenStay => stay.isWhole && stay.isCounted && stay.firstAt !== undefined
