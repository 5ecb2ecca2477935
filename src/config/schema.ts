import { z } from 'zod'
import { backends } from '../backends/index.ts'
import { readDuration } from '../core/duration.ts'

/** The shape of `spillway.yaml`. What is written here is checked, defaulted, and shown by editors as help. */

const duration = (text: string) =>
  z
    .union([z.string(), z.number()])
    .transform((value, context) => {
      const ms = readDuration(value)
      if (ms !== undefined) return ms
      context.issues.push({
        code: 'custom',
        input: value,
        message: 'is no duration: write 300ms, 1.2s, 5m, 2h or a number of milliseconds',
      })
      return z.NEVER
    })
    .describe(text)

const positive = (text: string) => z.number().positive().describe(text)
const count = (text: string) => z.int().min(1).describe(text)
const name = (text: string) => z.string().min(1).max(100).describe(text)

const models = z
  .strictObject({
    serve: z
      .record(z.string(), z.string().min(1))
      .optional()
      .describe("The caller's model: this upstream's model. Nothing else of the server is then offered."),
    context: z.record(z.string(), z.int().min(1)).default({}).describe('Context length in tokens, by model of this upstream.'),
    preload: z.array(z.string()).default([]).describe('Models to load at the start.'),
  })
  .describe('Which models of this server are served. Without `serve`, all that it lists.')

const upstream = z
  .strictObject({
    name: name('What this machine is called: in headers, metrics and logs.'),
    kind: z.string().describe(`What kind of server it is: ${backends.map(({ kind }) => kind).join(', ')}.`),
    url: z.string().describe('Where it listens: http://127.0.0.1:11434. A trailing /v1 may stand or not.'),
    api_key: z.string().min(1).optional().describe('The key to send it. Better ${NAME} from the environment than the key itself.'),
    concurrency: z
      .union([z.literal('auto'), z.int().min(1)])
      .default('auto')
      .describe('The most requests in flight at once, per model; auto finds it out.'),
    tier: z
      .int()
      .min(0)
      .max(9)
      .optional()
      .describe('0 is served first; a higher tier opens when the lower ones would be too late. Default: 1 for the cloud, else 0.'),
    models: models.optional(),
  })
  .describe('One server.')

const limits = z.strictObject({
  requests_per_minute: count('Requests a minute.').optional(),
  tokens_per_minute: count('Tokens a minute, prompt and answer together.').optional(),
  concurrent: count('Requests at once.').optional(),
})

const budget = z.strictObject({
  usd: positive('Dollars.'),
  per: z.enum(['hour', 'day', 'week', 'month']).describe('Of which span.'),
  alert_at: z.array(z.number().min(0).max(1)).optional().describe('Fractions at which to tell.'),
})

const caller = z
  .strictObject({
    name: name('What this caller is called: in metrics and logs.'),
    key: z.string().min(1).describe('The key it sends, any string. Better ${NAME} from the environment than the key itself.'),
    priority: z.enum(['interactive', 'default', 'batch']).default('default').describe('Who goes first when all wait.'),
    weight: positive('Share of a contended server, relative to others of the same priority.').default(1),
    patience: duration('How long until the first token, for this caller.').optional(),
    models: z.array(z.string()).optional().describe('The models it may use; without this, all.'),
    cloud: z.enum(['allowed', 'never']).default('allowed').describe('Whether its requests may leave for a costlier tier.'),
    limits: limits.optional().describe('How much it may ask.'),
    budget: budget.optional().describe('What it may spend in the cloud.'),
  })
  .describe('One caller and its key.')

export const schema = z
  .strictObject({
    $schema: z.string().optional().describe('Where editors find this schema.'),
    listen: z.string().default('127.0.0.1:11400').describe('Where callers reach the gateway. Beyond loopback, callers need keys.'),
    admin: z
      .strictObject({
        listen: z.string().default('127.0.0.1:11401').describe('Where metrics, the live page and the admin API are.'),
        token: z.string().min(8).optional().describe('Needed beyond loopback: sent as Authorization: Bearer.'),
      })
      .prefault({})
      .describe('The port of the operator.'),
    upstreams: z.array(upstream).min(1).describe('The servers behind the gateway.'),
    queue: z
      .strictObject({
        max: z.int().min(0).default(200).describe('How many may wait; the next one is refused at once.'),
        patience: duration('How long until the first token, by default.').default(8_000),
      })
      .prefault({})
      .describe('The one queue.'),
    callers: z.array(caller).default([]).describe('Who may ask. Without it, anyone who reaches the port.'),
    timeouts: z
      .strictObject({
        connect: duration('Until a connection stands.').default(5_000),
        first_token: duration('From sending until the first token; a cold model has to load in this time.').default(300_000),
        gap: duration('Between two tokens of a stream.').default(60_000),
      })
      .prefault({})
      .describe('When an upstream is given up.'),
    attempts: z.int().min(1).max(10).default(3).describe('Servers tried for one request before its first byte.'),
    probe_every: duration('How often each server is looked at.').default(5_000),
    upstream_transport: z.enum(['own', 'undici']).default('own').describe('The HTTP client towards the servers.'),
    log: z
      .strictObject({
        level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('What is worth a line.'),
        format: z.enum(['auto', 'json', 'pretty']).default('auto').describe('auto: JSON, or lines for people on a terminal.'),
      })
      .prefault({})
      .describe('The log: never any content.'),
    budget: budget.optional().describe("The whole gateway's cloud spend."),
    cache: z.strictObject({ enabled: z.boolean() }).optional().describe('Answering the same twice from memory.'),
    prices: z
      .record(z.string(), z.strictObject({ input: z.number().min(0), output: z.number().min(0) }))
      .optional()
      .describe('Dollars per million tokens, by model; overrides the built-in list.'),
    data_dir: z.string().optional().describe('Where data is kept.'),
  })
  .describe('Configuration of Spillway')

export type Config = z.output<typeof schema>
export type ConfigInput = z.input<typeof schema>
