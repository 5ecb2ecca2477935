/** What models cost, as one file of ours: drawn from public data that others keep up. Nothing is fetched. */
import { readFileSync } from 'node:fs'
import { findProvider, type MatchLogic, type ModelInfo, type ModelPrice, type Provider } from '@pydantic/genai-prices'
import type { ListedModel, ListedRates, ListedSeller, PriceList } from '../src/accounts/price-list.ts'

/** The data of a package are as old as the package: with a new one, its day has to be looked up and written here. */
const taken = { version: '0.1.8', day: '2026-09-23' }

/** Those that an upstream can be. */
const sellers =
  'openai anthropic google azure mistral deepseek groq x-ai openrouter together fireworks cohere cerebras perplexity ' +
  'moonshotai minimax zai zhipuai baseten arcee avian novita ovhcloud cloudflare doubleword voyageai'

/** What is paid beside or instead of tokens, or for tokens that no answer counts apart: such models have no price here. */
const uncounted = /_kpages|_hours|messages_kcount|requests_kcount|image_mtok|video_mtok|reasoning_mtok|citation_mtok/

/** They draw, and what is drawn is not told from what is written everywhere. */
const painter = /(?:^|[-/])image(?:-|$)/

export function priceList(): string {
  const manifest = new URL('../node_modules/@pydantic/genai-prices/package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  if (version !== taken.version)
    throw new Error(`Write into scripts/price-list.ts of what day genai-prices ${version} is.`)
  return written({
    source: `genai-prices ${version} (MIT, github.com/pydantic/genai-prices)`,
    day: taken.day,
    sellers: sellers.split(' ').map((id) => sellerOf(findProvider({ providerId: id })!)),
  })
}

const sellerOf = ({ id, api_pattern: urls, fallback_model_providers: also, models }: Provider): ListedSeller => ({
  name: id,
  urls,
  ...(also !== undefined && { also: also.filter((name) => sellers.split(' ').includes(name)) }),
  models: models.flatMap((model) => modelOf(model) ?? []),
})

function modelOf(model: ModelInfo): ListedModel | undefined {
  if (painter.test(model.id)) return undefined
  const named = namesOf(model)
  const conditional = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }]
  const rates = conditional.map(({ prices, constraint }) => {
    const known = ratesOf(prices, model)
    if (known === undefined || constraint === undefined) return known
    return constraint.type === 'start_date' ? { from: constraint.start_date, ...known } : { hourly: true, ...known }
  })
  // One time without a price says that none of them can be relied upon.
  if (rates.includes(undefined) || named.names.length + (named.dated?.length ?? 0) === 0) return undefined
  return { ...named, rates: rates as ListedRates[] }
}

function ratesOf(price: ModelPrice, { id }: ModelInfo): ListedRates | undefined {
  // No figures at all: given away, if the name says so; else nobody knows.
  if (Object.keys(price).length === 0) return id.endsWith(':free') ? { input: 0, output: 0 } : undefined
  if (Object.keys(price).some((unit) => uncounted.test(unit))) return undefined
  if (price['input_mtok'] === undefined) return undefined
  const starts = new Set(
    Object.values(price).flatMap((at) => (typeof at === 'object' ? at.tiers : []).map(({ start }) => start)),
  )
  const longer = [...starts].toSorted((one, other) => one - other).map((above) => ({ above, ...figures(price, above) }))
  return { ...figures(price, 0), ...(longer.length > 0 && { longer }) }
}

function figures(price: ModelPrice, promptTokens: number) {
  const of = (unit: string): number | undefined => {
    const at = price[unit]
    return typeof at === 'object' ? (at.tiers.findLast(({ start }) => promptTokens >= start)?.price ?? at.base) : at
  }
  const cached = of('cache_read_mtok')
  const write = of('cache_write_mtok')
  const writeHour = of('cache_write_1h_mtok')
  const audio = of('input_audio_mtok')
  return {
    input: of('input_mtok')!,
    // Nobody tells apart what is spoken and what is written: it may all be the dearer.
    output: Math.max(of('output_mtok') ?? 0, of('output_audio_mtok') ?? 0),
    ...(cached !== undefined && { cached }),
    ...(write !== undefined && { write }),
    ...(writeHour !== undefined && { writeHour }),
    ...(audio !== undefined && { audio }),
  }
}

/** The names under which it is sold: whole ones, and beginnings that a date follows. Never less strict than the source. */
function namesOf({ id, match }: ModelInfo): Pick<ListedModel, 'names' | 'dated'> {
  const rules = rulesIn(match)
  const names = rules.flatMap((rule) => ('equals' in rule ? [rule.equals] : []))
  const dated = rules.flatMap((rule) => {
    if ('starts_with' in rule) return [rule.starts_with]
    if ('contains' in rule) return [rule.contains]
    const stem =
      'regex' in rule ? /^\^([\w./\\~-]+-)(?:\\d\{8\}|\\d\{4\}-\\d\{2\}-\\d\{2\})\$$/.exec(rule.regex)?.[1] : undefined
    return stem === undefined ? [] : [stem.replaceAll('\\', '')]
  })
  const all = matches(match, id) ? [id, ...names] : names
  const small = (some: readonly string[]): string[] => [...new Set(some.map((name) => name.toLowerCase()))]
  return { names: small(all), ...(dated.length > 0 && { dated: small(dated) }) }
}

/** Any of these is enough. Of several that must hold together, one has to be a beginning and the others say what is left out. */
function rulesIn(match: MatchLogic): Exclude<MatchLogic, { or: unknown } | { and: unknown }>[] {
  if ('or' in match) return match.or.flatMap(rulesIn)
  if (!('and' in match)) return [match]
  return match.and.every((rule) => 'starts_with' in rule || ('regex' in rule && rule.regex.startsWith('^(?!')))
    ? match.and.flatMap(rulesIn)
    : []
}

function matches(match: MatchLogic, name: string): boolean {
  if ('or' in match) return match.or.some((one) => matches(one, name))
  if ('and' in match) return match.and.every((one) => matches(one, name))
  if ('equals' in match) return name === match.equals
  if ('starts_with' in match) return name.startsWith(match.starts_with)
  if ('ends_with' in match) return name.endsWith(match.ends_with)
  if ('contains' in match) return name.includes(match.contains)
  return new RegExp(match.regex).test(name)
}

/** A line for each model, so that a change of price is a line that changes. */
function written({ sellers: all, ...head }: PriceList): string {
  const blocks = all.map(({ models, ...seller }) => {
    const lines = models.map((model) => `      ${JSON.stringify(model)}`)
    return `    ${JSON.stringify(seller).slice(0, -1)},"models":[\n${lines.join(',\n')}\n    ]}`
  })
  return `${JSON.stringify(head).slice(0, -1)},\n  "sellers":[\n${blocks.join(',\n')}\n  ]}\n`
}
