import { Command } from 'commander'
import { configuredWares, costsMoney, perMillion, type PriceTag, priceTags, tagView } from '../accounts/price-tags.ts'
import { priceListDay } from '../accounts/prices.ts'
import { settingsOf } from '../config/settings.ts'
import { paidTier, type Price } from '../core/money.ts'
import type { Settings } from '../core/settings.ts'
import { explain, readSource } from './sources.ts'
import { table } from './table.ts'

interface PricesOptions {
  readonly config?: string
  readonly json?: true
}

export function pricesCommand(): Command {
  return new Command('prices')
    .description('Says what each model in the cloud costs here, and where that is known from.')
    .argument('[model]', 'only this one, as callers or its server call it')
    .option('-c, --config <file>', 'the configuration; spillway.yaml in this folder by default')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway prices\n  spillway prices gpt-5-mini\n  spillway prices --json\n\n' +
        'Where a budget bounds what is spent, a model without a price is not asked. Ends with 0 when all have one, and with 1 when one has none.\n',
    )
    .action(prices)
}

async function prices(model: string | undefined, { config, json }: PricesOptions): Promise<void> {
  const settings = settingsOf((await readSource(config).catch(explain)).config)
  const wanted = model?.toLowerCase()
  const tags = priceTags(configuredWares(settings.upstreams), settings.money?.prices ?? new Map(), Date.now()).filter(
    ({ id, name }) => wanted === undefined || wanted === id.toLowerCase() || wanted === name.toLowerCase(),
  )
  if (json === true) console.log(JSON.stringify({ day: priceListDay(), prices: tags.map(tagView) }, undefined, 2))
  else for (const line of linesOf(tags, settings, model)) console.log(line)
  if (tags.some(({ price }) => price === undefined) || (model !== undefined && tags.length === 0)) process.exitCode = 1
}

function linesOf(tags: readonly PriceTag[], { upstreams }: Settings, model: string | undefined): string[] {
  const silent = upstreams.filter((upstream) => costsMoney(upstream) && upstream.serve === undefined)
  const some = tags.length === 0 ? [none(model)] : [...tableOf(tags), ...longOf(tags), '', about]
  return [...some, ...silent.map(({ name }) => listing(name)), ...missingOf(tags)]
}

const tableOf = (tags: readonly PriceTag[]): string[] =>
  table(
    ['SERVER', 'MODEL', 'INPUT', 'CACHED', 'WRITE', 'OUTPUT', 'FROM'],
    tags.map(({ upstream, id, price }) => [upstream.name, id, ...figuresOf(price)]),
  )

function figuresOf(price: Price | undefined): string[] {
  if (price === undefined) return ['-', '-', '-', '-', 'nobody knows']
  const { input, output, cachedInput = input, cacheWrite = input, source } = price
  return [...[input, cachedInput, cacheWrite, output].map(dollars), source]
}

/** At least cents, and as many digits as there are. */
function dollars(pico: number): string {
  const [whole, digits = ''] = String(perMillion(pico)).split('.')
  return `$${whole}.${digits.padEnd(2, '0')}`
}

const longOf = (tags: readonly PriceTag[]): string[] =>
  tags.flatMap(({ id, price }) =>
    (price?.longer ?? []).map(
      ({ aboveTokens, input, output }) =>
        `${id}: prompts of more than ${aboveTokens} tokens cost ${dollars(input)}, and their answers ${dollars(output)}.`,
    ),
  )

const about = `In dollars for a million tokens. The built-in list is of ${priceListDay()}; prices in the configuration go before it.`

const none = (model: string | undefined): string =>
  model === undefined
    ? `No server of tier ${paidTier} or higher says by models.serve what it serves: nothing here has a price.`
    : `No server of tier ${paidTier} or higher serves ${JSON.stringify(model)} by its models.serve.`

const listing = (upstream: string): string =>
  `${upstream} serves all that it lists: a running gateway tells their prices at /api/prices.`

/** What to write, with words where only its reader knows the figures: so it is not taken up unread. */
function missingOf(tags: readonly PriceTag[]): string[] {
  const missing = [...new Set(tags.filter(({ price }) => price === undefined).map(({ id }) => id))]
  if (missing.length === 0) return []
  return [
    '',
    'Nobody knows what these cost. Where a budget bounds what is spent they are not asked; else it is not counted.',
    'Write what they cost for a million tokens into the configuration:',
    'prices:',
    ...missing.map((id) => `  ${JSON.stringify(id)}: { input: DOLLARS, output: DOLLARS }`),
  ]
}
