/** What becomes of each field of a request in each other dialect, found by trying it. */
import type { TalkDialect } from '../src/core/dialect.ts'
import { Fault } from '../src/core/fault.ts'
import type { Json } from '../src/core/json.ts'
import { dialects } from '../src/dialects/index.ts'
import { samples, type Sample } from './translation-samples.ts'

export type Fate = 'said' | 'dropped' | 'refused'

export interface Row extends Sample {
  /** By the dialect of the server. */
  readonly fates: ReadonlyMap<string, Fate>
}

/** Dialects in which one converses: the others have few fields, and of those each is explained where it is read. */
export const talks: readonly TalkDialect[] = dialects.filter(
  (dialect): dialect is TalkDialect => dialect.form === 'talk' && dialect.tasks[0] === 'chat',
)

export function rowsFor(from: TalkDialect): readonly Row[] {
  return (samples.get(from.id)?.fields ?? []).map((sample) => ({
    ...sample,
    fates: new Map(talks.filter((to) => to !== from).map((to) => [to.id, fateOf(sample, from, to)])),
  }))
}

function fateOf({ body, without }: Sample, from: TalkDialect, to: TalkDialect): Fate {
  const { plain } = samples.get(from.id)!
  try {
    const written = textOf({ ...plain, ...body }, from, to)
    return written === textOf({ ...plain, ...without }, from, to) ? 'dropped' : 'said'
  } catch (error) {
    if (error instanceof Fault && error.kind === 'bad-request') return 'refused'
    throw error
  }
}

const textOf = (body: Json, from: TalkDialect, to: TalkDialect): string =>
  JSON.stringify(to.writePrompt(from.readPrompt(body)))

const marks: Readonly<Record<Fate, string>> = { said: 'said', dropped: '–', refused: '**refused**' }

const begin = '<!-- translation: begin -->'
const end = '<!-- translation: end -->'

/** The tables, one for each dialect that clients speak. */
export function tables(): string {
  return talks
    .map((from) => {
      const others = talks.filter((to) => to !== from)
      const head = `| ${from.routes[0]} says | ${others.map(({ routes }) => routes[0]).join(' | ')} |`
      const rule = `|---|${others.map(() => '---|').join('')}`
      const lines = rowsFor(from).map(
        ({ field, fates }) => `| ${field} | ${others.map(({ id }) => marks[fates.get(id)!]).join(' | ')} |`,
      )
      return [head, rule, ...lines].join('\n')
    })
    .join('\n\n')
}

/** The page with these tables in it. */
export function withTables(page: string): string {
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from === -1 || to === -1) throw new Error('The page has no place for the tables.')
  return `${page.slice(0, from + begin.length)}\n\n${tables()}\n\n${page.slice(to)}`
}
