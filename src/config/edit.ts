import { isDeepStrictEqual } from 'node:util'
import { isMap, isSeq, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml'
import { loadConfig } from './load.ts'
import { ConfigFault } from './problem.ts'
import type { Config } from './schema.ts'
import { mask } from './yaml-text.ts'

/** A configuration with one value changed. */
export interface Edited {
  readonly text: string
  /** Where the change is, counted from one. */
  readonly line: number
  /** The line as it was; undefined for one that was not there. */
  readonly before: string | undefined
  readonly after: string
}

export interface ConcurrencyEdit {
  /** What to call the text in messages. */
  readonly file: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly upstream: string
  readonly concurrency: number
}

/** Some editors put it before the first line. */
const mark = '\uFEFF'

/** What stands between two offsets is replaced. */
interface Cut {
  readonly from: number
  readonly to: number
  readonly text: string
  /** It is a line of its own. */
  readonly isLine: boolean
}

/**
 * Sets how many requests an upstream holds at once, and touches nothing else of the text: no comment, no order, no space.
 * Throws a ConfigFault where the value comes from somewhere else, or only a person can tell what is meant.
 */
export function withConcurrency(text: string, edit: ConcurrencyEdit): Edited {
  if (text.startsWith(mark)) {
    const edited = withConcurrency(text.slice(mark.length), edit)
    return { ...edited, text: mark + edited.text }
  }
  const { file, env, upstream, concurrency } = edit
  const refuse = (why: string): never => {
    throw new ConfigFault([{ path: [], file, text: why }])
  }
  const byHand = `set concurrency of ${upstream} to ${concurrency} by hand`
  const options = { file, env, hasKeys: true }
  const { config } = loadConfig(text, options)
  const entry = entryAt(
    text,
    config.upstreams.findIndex(({ name }) => name === upstream),
  )
  if (entry === undefined) return refuse(`${upstream} does not stand there as an entry of its own; ${byHand}`)
  const cut = cutIn(text, entry, concurrency)
  if (cut === undefined) return refuse(`there is no line of ${upstream} to write it behind; ${byHand}`)
  const written = text.slice(cut.from, cut.to)
  if (written.includes('${')) return refuse(`concurrency of ${upstream} is ${written}; set it there, to ${concurrency}`)
  const changed = text.slice(0, cut.from) + cut.text + text.slice(cut.to)
  // An anchor may carry a value to other places, and whoever used it did not ask for this.
  if (!isOnlyThat(config, () => loadConfig(changed, options).config, edit))
    return refuse(`what stands there is used elsewhere as well; ${byHand}`)
  return { text: changed, ...lineOf(text, changed, cut) }
}

function entryAt(text: string, index: number): YAMLMap | undefined {
  const options = { prettyErrors: false, stringKeys: true, merge: true } as const
  const upstreams = parseDocument(mask(text), options).get('upstreams', true)
  const entry: unknown = isSeq(upstreams) ? upstreams.items[index] : undefined
  return isMap(entry) ? entry : undefined
}

function cutIn(text: string, entry: YAMLMap, concurrency: number): Cut | undefined {
  const pairs = entry.items as readonly Pair<Node, Node | null>[]
  const there = pairs.find(({ key }) => nameIn(text, key) === 'concurrency')?.value?.range
  if (there) return { from: there[0], to: there[1], text: `${concurrency}`, isLine: false }
  if (entry.flow === true) {
    const end = pairs.at(-1)?.value?.range?.[1]
    return end === undefined ? undefined : { from: end, to: end, text: `, concurrency: ${concurrency}`, isLine: false }
  }
  // Behind its address, which every entry has, and which is never longer than a line.
  const url = pairs.find(({ key }) => nameIn(text, key) === 'url')
  if (!url?.key.range || !url.value?.range) return undefined
  const column = url.key.range[0] - (text.lastIndexOf('\n', url.key.range[0] - 1) + 1)
  const feed = text.indexOf('\n', url.value.range[1])
  const lineEnd = text[feed - 1] === '\r' ? '\r\n' : '\n'
  const at = feed < 0 ? text.length : feed - (lineEnd.length - 1)
  return { from: at, to: at, text: `${lineEnd}${' '.repeat(column)}concurrency: ${concurrency}`, isLine: true }
}

const nameIn = (text: string, { range }: Node): string | undefined =>
  range ? text.slice(range[0], range[1]).replaceAll(/["']/g, '') : undefined

function isOnlyThat(before: Config, read: () => Config, { upstream, concurrency }: ConcurrencyEdit): boolean {
  const upstreams = before.upstreams.map((one) => (one.name === upstream ? { ...one, concurrency } : one))
  try {
    return isDeepStrictEqual(read(), { ...before, upstreams })
  } catch {
    return false
  }
}

function lineOf(text: string, changed: string, { from, isLine }: Cut): Omit<Edited, 'text'> {
  const index = text.slice(0, from).split('\n').length - (isLine ? 0 : 1)
  const lineIn = (of: string): string => (of.split('\n')[index] ?? '').trimEnd()
  return { line: index + 1, before: isLine ? undefined : lineIn(text), after: lineIn(changed) }
}
