import { callerWireOf } from './ears.ts'
import type { Cell } from './cells.ts'
import { phases } from './server/exchange.ts'

/** All that a caller got. */
export interface Got {
  /** Undefined when no head came. */
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytes: Buffer
  /** The transfer ended otherwise than HTTP wants it to. */
  readonly broke: boolean
}

/**
 * What is wrong with what a caller got, or undefined. Nothing here knows any fault by its name: from when it strikes, what
 * it is to those who are served, and who else could serve follows what has to be seen.
 */
export function verdict(cell: Cell, got: Got, rightText: string): string | undefined {
  const { status, broke } = got
  if (status === undefined) return 'the caller got no head'
  const isRight = looksWhole(cell, got)
  if (isRight !== undefined && isRight.text !== rightText)
    return `it looks finished and says ${JSON.stringify(isRight.text)} instead of ${JSON.stringify(rightText)}`
  if (isRight === undefined) {
    const wrong = status === 200 ? wrongInStream(cell, got, rightText) : wrongInRefusal(cell, got)
    if (wrong !== undefined) return wrong
  }
  const must = expected(cell)
  if (must === 'right' && isRight === undefined)
    return `it is not answered: ${status}${broke ? ', broken' : ''}: ${shown(got)}`
  if (must === 'error' && isRight !== undefined) return 'it is answered, though nobody could'
  return undefined
}

type Expected = 'right' | 'error' | 'any'

function expected({ nature, second, stream, phase, fault, passes }: Cell): Expected {
  if (nature === 'sound' || nature === 'cured') return 'right'
  if (nature === 'open') return 'any'
  if (nature === 'refused') return 'error'
  // Of an answer in one piece nothing has reached the caller while any of it is missing.
  const at = phases.indexOf(phase)
  const reached = stream && at >= phases.indexOf('mid')
  if (!second) return 'error'
  // One that takes long looks like one that never comes, until it is too late for another.
  if (fault.slow === true && passes && !stream) return 'any'
  return reached ? 'any' : 'right'
}

function looksWhole({ caller, stream }: Cell, got: Got): { readonly text: string } | undefined {
  if (got.status !== 200 || got.broke) return undefined
  const wire = callerWireOf[caller]
  const heard = stream ? wire.hearStream(got.bytes) : wire.hearWhole(got.bytes)
  return heard.finished && heard.error === undefined && heard.nonsense === undefined ? heard : undefined
}

function wrongInStream({ caller, stream, fault, passes }: Cell, got: Got, rightText: string): string | undefined {
  const wire = callerWireOf[caller]
  if (!stream) return `a whole answer is none: ${shown(got)}`
  const heard = wire.hearStream(got.bytes)
  if (!rightText.startsWith(heard.text) && !(fault.mayPass === true && passes))
    return `what came before the break is wrong: ${JSON.stringify(heard.text)}`
  if (heard.finished && heard.text !== rightText) return `it says that it is finished before it breaks: ${shown(got)}`
  if (heard.nonsense !== undefined)
    return fault.mayPass === true && passes ? undefined : `nobody can read it: ${heard.nonsense}: ${shown(got)}`
  if (got.broke || heard.finished) return undefined
  if (heard.error === undefined) return `it just stops: ${shown(got)}`
  return heard.error === '' ? 'its error has no sentence' : undefined
}

const brokenStatuses: ReadonlySet<number> = new Set([502, 503, 504])
const busyStatuses: ReadonlySet<number> = new Set([429, 503, 529])

function wrongInRefusal(
  { caller, nature, fault }: Cell,
  { status = 0, headers, bytes, broke }: Got,
): string | undefined {
  if (broke) return `its refusal with ${status} is cut`
  if (!String(headers['content-type']).startsWith('application/json'))
    return `its refusal is ${String(headers['content-type'])}`
  let body: unknown
  try {
    body = JSON.parse(bytes.toString())
  } catch {
    return `its refusal is no JSON: ${bytes.toString().slice(0, 200)}`
  }
  const complaint = callerWireOf[caller].complaintIn(body)
  if (complaint === undefined) return `its refusal has another shape: ${bytes.toString().slice(0, 200)}`
  if (complaint.length > 700 || /<html|sk-secret/i.test(complaint))
    return `it quotes too much: ${complaint.slice(0, 900)}`
  if (busyStatuses.has(status) && headers['retry-after'] === undefined) return `its ${status} has no Retry-After`
  const allowed =
    nature === 'refused'
      ? status === fault.status
      : nature === 'missing'
        ? status === 404
        : nature === 'busy'
          ? busyStatuses.has(status)
          : brokenStatuses.has(status) || (caller === 'anthropic' && status === 529)
  return allowed ? undefined : `its status is ${status}: ${complaint}`
}

const shown = ({ bytes }: Got): string => {
  const text = bytes.toString()
  return JSON.stringify(text.length > 700 ? `${text.slice(0, 250)} … ${text.slice(-400)}` : text)
}
