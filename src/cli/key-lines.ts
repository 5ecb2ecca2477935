import type { KeyView } from '../keys/view.ts'
import { table } from './table.ts'

/** Keys as people read them. */

const columns = ['ID', 'NAME', 'STATE', 'TEAM', 'MODELS', 'CLOUD', 'PRIORITY', 'EXPIRES'] as const

export const keyTable = (keys: readonly KeyView[]): string[] =>
  table(
    columns,
    keys.map((key) => [
      key.id,
      key.name,
      key.state,
      wordFor(key['team'], '-'),
      wordFor(key['models'], 'all'),
      wordFor(key['cloud'], 'allowed'),
      wordFor(key['priority'], 'default'),
      wordFor(key['expires_at'], 'never'),
    ]),
  )

/** All that was said of it, a line each. */
export const detailsOf = (key: KeyView): string[] =>
  Object.entries(key)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${`${name}:`.padEnd(16)} ${wordFor(value, '')}`)

function wordFor(value: unknown, otherwise: string): string {
  if (value === null || value === undefined) return otherwise
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(', ')
  return JSON.stringify(value)
}
