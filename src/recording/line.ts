import type { FailureRow, RequestRow, Row, SettingsRow, UpstreamRow } from './rows.ts'

/** The version of the format that is written here, and read. */
export const formatVersion = 1

/** What a row says, as a line of a file, its end included. */
export function lineOf(row: Row): string {
  // A field that is undefined is none.
  const written = row.type === 'request' && row.blocks !== undefined ? { ...row, blocks: runsOf(row.blocks) } : row
  return `${JSON.stringify(written)}\n`
}

/**
 * Numbers that follow one another are written as the first and how many there are: `[[0,12],40]` is 0 to 11, and 40. A prompt
 * that is new has new numbers, and one that goes on has those of before and a few more.
 */
function runsOf(numbers: readonly number[]): (number | [first: number, count: number])[] {
  const runs: (number | [first: number, count: number])[] = []
  for (let at = 0; at < numbers.length;) {
    const first = numbers[at]!
    let count = 1
    while (numbers[at + count] === first + count) count += 1
    runs.push(count === 1 ? first : [first, count])
    at += count
  }
  return runs
}

/** What a line may say beside what is asked of it below is taken as it is. */
type Line = Readonly<Record<string, unknown>>

/** The row of a line, or undefined for one that is none. */
export function readLine(text: string): Row | undefined {
  const line = jsonOf(text)
  if (line === undefined || !isCount(line['at'])) return undefined
  switch (line['type']) {
    case 'request':
      return requestOf(line)
    case 'failure':
      return isText(line['upstream']) && isText(line['kind']) ? (line as unknown as FailureRow) : undefined
    case 'upstream':
      return isText(line['upstream']) && typeof line['up'] === 'boolean' ? (line as unknown as UpstreamRow) : undefined
    case 'settings':
      return isSettings(line) ? (line as unknown as SettingsRow) : undefined
    default:
      return undefined
  }
}

/** Of which version a file is that begins so; undefined for what is no recording. */
export function versionIn(text: string): number | undefined {
  const line = jsonOf(text)
  return line?.['type'] === 'settings' && isCount(line['version']) ? line['version'] : undefined
}

function jsonOf(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Line) : undefined
  } catch {
    return undefined
  }
}

const texts = ['caller', 'model', 'dialect', 'priority', 'cloud'] as const
const counts = ['patience_ms', 'prompt_tokens', 'output_tokens', 'attempts', 'wait_ms', 'total_ms'] as const

function requestOf(line: Line): RequestRow | undefined {
  for (const name of texts) if (!isText(line[name])) return undefined
  for (const name of counts) if (!isCount(line[name])) return undefined
  if (typeof line['stream'] !== 'boolean' || !Array.isArray(line['needs'])) return undefined
  const row = line as unknown as RequestRow
  if (row.blocks === undefined) return row
  const blocks = numbersOf(row.blocks)
  return blocks && { ...row, blocks }
}

/** More is no prompt: nobody may fill the memory of a reader by a few digits. */
const blocksMax = 100_000

function numbersOf(runs: unknown): number[] | undefined {
  const numbers: number[] = []
  if (!Array.isArray(runs)) return undefined
  for (const run of runs as unknown[]) {
    const [first, count] = Array.isArray(run) ? (run as unknown[]) : [run, 1]
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count)) return undefined
    if (numbers.length + (count as number) > blocksMax) return undefined
    for (let at = 0; at < (count as number); at += 1) numbers.push((first as number) + at)
  }
  return numbers
}

const isSettings = (line: Line): boolean =>
  line['version'] === formatVersion &&
  Array.isArray(line['upstreams']) &&
  Array.isArray(line['callers']) &&
  typeof line['queue'] === 'object'

const isText = (value: unknown): value is string => typeof value === 'string'

const isCount = (value: unknown): value is number => typeof value === 'number' && value >= 0
