import type { FailureRow, RequestRow, Row, SettingsRow, UpstreamRow } from './rows.ts'

/** The version of the format that is written here, and read. */
export const formatVersion = 1

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

function requestOf(line: Line): RequestRow | undefined {
  const { blocks } = line
  const isWhole =
    isText(line['caller']) &&
    isText(line['model']) &&
    isText(line['dialect']) &&
    isText(line['priority']) &&
    isText(line['cloud']) &&
    typeof line['stream'] === 'boolean' &&
    Array.isArray(line['needs']) &&
    isCount(line['patience_ms']) &&
    isCount(line['prompt_tokens']) &&
    isCount(line['output_tokens']) &&
    isCount(line['attempts']) &&
    isCount(line['wait_ms']) &&
    isCount(line['total_ms'])
  if (!isWhole) return undefined
  const row = line as unknown as RequestRow
  return blocks === undefined ? row : { ...row, blocks: numbersOf(blocks) }
}

/** A run of numbers is written as its first and how many there are: `[[0,12],40]` is 0 to 11, and 40. */
function numbersOf(blocks: unknown): number[] {
  const numbers: number[] = []
  if (!Array.isArray(blocks)) return numbers
  for (const one of blocks as (number | readonly [first: number, count: number])[]) {
    if (typeof one === 'number') numbers.push(one)
    else for (let at = 0; at < one[1]; at += 1) numbers.push(one[0] + at)
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
