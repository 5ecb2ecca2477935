import { styleText } from 'node:util'
import type { EventView } from './view.ts'

/** A view as a line for a person at a terminal. Without colour where the terminal or NO_COLOR says so. */
export function pretty(view: EventView, atMs: number): string {
  return [styleText('dim', new Date(atMs).toTimeString().slice(0, 8)), ...wordsOf(view)]
    .filter((word) => word !== '')
    .join(' ')
}

function wordsOf(view: EventView): readonly string[] {
  switch (view.event) {
    case 'ask-settled':
      return [statusOf(view), view.caller ?? '', view.model ?? '', wayOf(view), styleText('dim', numbersOf(view))]
    case 'request-refused':
      return [statusOf(view), 'refused at the door:', view.fault ?? '']
    case 'attempt-failed':
      return [
        styleText('yellow', 'try'),
        view.caller ?? '',
        view.model ?? '',
        `→ ${view.upstream} failed:`,
        view.fault ?? '',
      ]
    case 'resumed':
      return [
        styleText(view.level === 'info' ? 'green' : colours[view.level], 'resume'),
        view.caller ?? '',
        view.model ?? '',
        `${view.from} → ${view.upstream ?? 'nobody'}: ${view.outcome}`,
      ]
    case 'upstream-changed':
      return [
        view.up ? styleText('green', 'up ') : styleText('red', 'down'),
        view.upstream ?? '',
        styleText('dim', view.text ?? ''),
      ]
    case 'upstream-stalled':
      return [styleText('yellow', 'hung'), view.upstream ?? '', styleText('dim', view.text ?? '')]
    case 'config-read':
    case 'connection-cut':
    case 'budget-reached':
    case 'cloud-switched':
    case 'notice':
      return [view.level === 'info' ? '' : styleText(colours[view.level], view.level), view.text ?? '']
    default:
      return [styleText('dim', view.event), view.caller ?? '', view.model ?? '', wayOf(view)]
  }
}

const colours = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const

const statusOf = ({ level, fault, status }: EventView): string =>
  styleText(fault === undefined ? 'green' : level === 'info' ? 'cyan' : colours[level], String(status))

const wayOf = ({ upstream, fault }: EventView): string =>
  [upstream === undefined ? '' : `→ ${upstream}`, fault ?? ''].filter((word) => word !== '').join(' ')

function numbersOf(view: EventView): string {
  const words = [
    view.output_tokens === undefined || view.attempts === 0 ? '' : `${view.input_tokens} in ${view.output_tokens} out`,
    view.first_token_ms === undefined ? '' : `first ${seconds(view.first_token_ms)}`,
    `total ${seconds(view.total_ms ?? 0)}`,
    view.usd === undefined ? '' : `$${view.usd.toFixed(6)}`,
    view.decision ?? '',
  ]
  return words.filter((word) => word !== '').join(' · ')
}

const seconds = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)}ms` : `${(ms / 1_000).toFixed(1)}s`)
