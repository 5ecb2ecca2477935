/** One request of a recorded trace. */
export interface TraceRow {
  readonly atMs: number
  readonly promptTokens: number
  readonly outputTokens: number
  /** Blocks of its prompt: equal numbers are equal text. Undefined where the trace does not tell. */
  readonly blocks: readonly number[] | undefined
}

/** Tokens of one block in a Mooncake trace. */
export const traceBlockTokens = 512

/** It is no trace; the message says why, in one sentence for people. */
export class TraceFault extends Error {
  override readonly name = 'TraceFault'
}

/** A recorded trace, whichever of the known formats it is in. Throws a TraceFault. */
export function readTrace(text: string): TraceRow[] {
  const rows = text.trimStart().startsWith('{') ? readMooncake(text) : readAzure(text)
  if (rows.length === 0) throw new TraceFault('The trace has no rows.')
  const begin = rows[0]!.atMs
  return rows.map((row) => ({ ...row, atMs: row.atMs - begin }))
}

/** Azure: `TIMESTAMP,ContextTokens,GeneratedTokens`, the time with seven digits behind the second. */
function readAzure(text: string): TraceRow[] {
  const [head, ...lines] = text.split(/\r?\n/)
  if (head?.trim() !== 'TIMESTAMP,ContextTokens,GeneratedTokens') {
    throw new TraceFault(
      'This is no trace: it begins neither with TIMESTAMP,ContextTokens,GeneratedTokens nor with a JSON object.',
    )
  }
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    const [at = '', prompt, output] = line.split(',')
    const second = Date.parse(`${at.slice(0, 19).replace(' ', 'T')}Z`)
    return [
      checked(
        {
          atMs: second + Number(`0${at.slice(19)}`) * 1_000,
          promptTokens: Number(prompt),
          outputTokens: Number(output),
          blocks: undefined,
        },
        index + 2,
      ),
    ]
  })
}

/** Mooncake: a JSON object a line. */
function readMooncake(text: string): TraceRow[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '') return []
    const row = jsonIn(line)
    return [
      checked(
        { atMs: row.timestamp, promptTokens: row.input_length, outputTokens: row.output_length, blocks: row.hash_ids },
        index + 1,
      ),
    ]
  })
}

interface MooncakeRow {
  readonly timestamp: number
  readonly input_length: number
  readonly output_length: number
  readonly hash_ids?: number[]
}

/** What is none has no numbers either. */
function jsonIn(line: string): MooncakeRow {
  try {
    return Object(JSON.parse(line)) as MooncakeRow
  } catch {
    return { timestamp: NaN, input_length: NaN, output_length: NaN }
  }
}

function checked(row: TraceRow, line: number): TraceRow {
  const { atMs, promptTokens, outputTokens } = row
  if ([atMs, promptTokens, outputTokens].every(Number.isFinite)) return row
  throw new TraceFault(`Line ${line} of the trace is no request.`)
}
