import { z } from 'zod'
import { readNetwork } from './address.ts'
import { count, duration, positive, size } from './values.ts'

/** How much somebody may ask, use up and spend. */

export const limits = z
  .strictObject({
    requests_per_minute: count('Requests a minute; without it, any number.').optional(),
    tokens_per_minute: count('Tokens a minute, prompt and answer together; without it, any number.').optional(),
    concurrent: count('Requests at once; without it, any number.').optional(),
    burst: duration('How much of both may come at once: as much as flows back in this time. Default: 1m.').optional(),
  })
  .describe(
    "How much may be asked. A minute's worth may come at once; what is beyond is refused, and told when to come back.",
  )

const span = z.enum(['hour', 'day', 'week', 'month'])

const alertAt = z
  .array(z.number().gt(0).max(1))
  .default([0.5, 0.8, 1])
  .describe('Fractions of it at which somebody is told: 0.8 when four fifths are used up.')

const oneBudget = z.strictObject({
  usd: z
    .number()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('Dollars spent in the cloud; 0 spends nothing, and without it they are not bounded.'),
  tokens: count('Tokens, prompt and answer together, wherever they are served; without it, any number.').optional(),
  gpu_seconds: positive('Seconds of the machines at home; without it, any number.').optional(),
  per: span.describe('The span of the calendar that this is for, in time_zone.'),
  alert_at: alertAt,
})

const cloudBudget = oneBudget.omit({ tokens: true, gpu_seconds: true }).required({ usd: true })

/** One, or several that all hold. */
export const budget = (about: string) =>
  z
    .union(
      [oneBudget, z.array(oneBudget).min(1)],
      'has to be a group of keys, as in { usd: 5, per: day }, or a list of them',
    )
    .superRefine((given, context) => {
      for (const [i, { usd, tokens, gpu_seconds: gpuSeconds }] of [given].flat().entries()) {
        if (usd !== undefined || tokens !== undefined || gpuSeconds !== undefined) continue
        const path = Array.isArray(given) ? [i] : []
        context.addIssue({ code: 'custom', path, message: 'bounds nothing; give it usd, tokens or gpu_seconds' })
      }
    })
    .describe(about)

export const moneyBudget = (about: string) =>
  z
    .union(
      [cloudBudget, z.array(cloudBudget).min(1)],
      'has to be a group of keys, as in { usd: 5, per: day }, or a list of them',
    )
    .describe(about)

export const addresses = z
  .array(
    z
      .string()
      .refine((text) => readNetwork(text) !== undefined, 'is no address and no network; write 10.0.0.1 or 10.0.0.0/8'),
  )
  .min(1)
  .describe('Addresses and networks from which it may ask; without this, any.')

export const dialectFamilies = z
  .array(z.enum(['openai', 'anthropic', 'ollama']))
  .min(1)
  .describe('The dialects it may speak; without this, all.')

export const cloud = (about: string) => z.enum(['allowed', 'never']).describe(about)

export const team = z
  .strictObject({
    budget: budget('What its callers may use up together; without it, as much as each of them may.').optional(),
    models: z
      .array(z.string())
      .optional()
      .describe('The models its callers may use, of those that each of them may; without it, all.'),
    cloud: cloud('never keeps the requests of all its callers at home.').default('allowed'),
  })
  .describe('Several callers that spend together.')

const dollarsPerMillion = (about: string) => z.number().min(0).max(1_000_000).describe(about)

const price = z
  .strictObject({
    input: dollarsPerMillion('For what is read.'),
    output: dollarsPerMillion('For what is written.'),
    cached_input: dollarsPerMillion("For what is read from the provider's memory. Default: as input.").optional(),
    cache_write: dollarsPerMillion('For what is read and kept there. Default: as input.').optional(),
  })
  .describe('Dollars per million tokens.')

/** Top-level keys about money and what is taken down. */
export const moneyKeys = {
  cloud: z
    .strictObject({
      enabled: z.boolean().default(true).describe('false: nothing leaves for a server that costs money.'),
      request_usd: positive('The most that one request may cost, in dollars; without it, any.').optional(),
      output_tokens: count(
        'The longest answer for money, where a caller does not say. Default: 8192 where a budget bounds what is spent, else as long as it likes.',
      ).optional(),
    })
    .prefault({})
    .describe('Servers that cost money.'),
  time_zone: z
    .string()
    .refine(isTimeZone, 'is no time zone that is known here; write Europe/Berlin, or UTC')
    .default('UTC')
    .describe('Where the days, weeks and months of budgets and reports begin: Europe/Berlin.'),
  alerts: z
    .strictObject({
      webhook: z
        .strictObject({
          url: z.url({ protocol: /^https?$/ }).describe('Gets a POST with what happened, in JSON.'),
          secret: z.string().min(16).describe('Signs it, so that the receiver knows who it is from.'),
        })
        .optional()
        .describe('Where alerts go beside the log; without it, nowhere.'),
      spill_share: z
        .number()
        .gt(0)
        .max(1)
        .default(0.1)
        .describe(
          'When more than this share of all requests goes to the cloud, the machines at home are too few, and that is said.',
        ),
    })
    .prefault({})
    .describe('What somebody is told.'),
  ledger: z
    .strictObject({
      url: z
        .string()
        .regex(/^postgres(ql)?:\/\//, 'has to begin with postgres://; without it, all is kept in SQLite in data_dir')
        .optional()
        .describe('A PostgreSQL that several gateways share. Without it, SQLite in data_dir.'),
      keep_days: count(
        'For how many days each request has a row of its own; then its day has one for all that are alike.',
      ).default(90),
      audit_days: count('For how many days it is kept what was changed, and by whom.').default(365),
      sync: z
        .enum(['paid', 'all'])
        .default('paid')
        .describe('Which requests are on the disk before their caller hears the end: those that cost money, or all.'),
    })
    .prefault({})
    .describe('What is taken down of every request: who, what, how much; never what was said.'),
  recording: z
    .union(
      [
        z.literal(false),
        z
          .strictObject({
            keep_days: count('For how many days a file is kept after its last line.').default(30),
            keep: size('How large all files together may be; the oldest go first.', 1024 * 1024).prefault('256MB'),
            file: size('How large one file may be before another is begun, as one is each day.', 64 * 1024).prefault(
              '16MB',
            ),
          })
          .refine(({ keep, file }) => keep >= 2 * file, 'keeps too little; let keep be at least twice as much as file'),
      ],
      'has to be false, or hold keep_days, keep and file',
    )
    .prefault({})
    .describe(
      'What is taken down of every request so that `spillway simulate` can play it again: when, who, how much, how long; never what was said. In files in data_dir/recordings; false for none.',
    ),
  prices: z
    .record(z.string().min(1), price)
    .default({})
    .describe('By model, as its server calls it: what it costs, over the built-in list.'),
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

export type BudgetConfig = z.output<typeof oneBudget>

export type PriceConfig = z.output<typeof price>
