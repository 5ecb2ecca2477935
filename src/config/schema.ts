import { z } from 'zod'
import { backends } from '../backends/index.ts'
import { usualHedge, usualRetryShare } from '../core/settings.ts'
import { usualShares } from '../core/shares.ts'
import { readNetwork, usualAdminListen, usualListen } from './address.ts'
import { readUrl } from './url.ts'
import { caller } from './schema-callers.ts'
import { budget, cloud, limits, moneyBudget, moneyKeys, team } from './schema-money.ts'
import { address, autoOrCount, count, duration, name, share, size } from './values.ts'

/** The shape of `spillway.yaml`. What is written here is checked, defaulted, and shown by editors as help. */

const models = z
  .strictObject({
    serve: z
      .record(z.string(), z.string().min(1))
      .optional()
      .describe(
        "The caller's model: this upstream's model. Nothing else of the server is then offered; without it, all is. A name that ends in * stands for all that begin so.",
      ),
    context: z
      .record(z.string(), z.int().min(1))
      .default({})
      .describe(
        'Context length in tokens, by model of this upstream, where the server does not tell or tells it wrong.',
      ),
    preload: z
      .array(z.string())
      .default([])
      .describe(
        'Models that are to be in memory: loaded at the start and again when they have gone, and never thrown out for another.',
      ),
    at_once: count(
      'How many models fit into memory at once, where the server does not tell. Without it, it is found out as models are asked for.',
    ).optional(),
  })
  .describe('Which models of this server are served. Without it, all that the server lists.')

const upstream = z
  .strictObject({
    name: name('What this machine is called: in headers, metrics and logs.'),
    kind: z
      .string()
      .meta({ enum: backends.map(({ kind }) => kind) })
      .describe("What kind of server it is. openai-compatible stands for whatever else offers OpenAI's API."),
    url: z
      .string()
      .superRefine((text, context) => {
        const read = readUrl(text)
        if ('fault' in read) context.addIssue({ code: 'custom', message: read.fault })
      })
      .describe('Where it listens: http://127.0.0.1:11434. A trailing /v1 may stand or not.'),
    api_key: z
      .string()
      .min(1)
      .regex(
        /^[\x21-\x7E](?:[\x20-\x7E]*[\x21-\x7E])?$/,
        'holds a character that no header can carry; a line break, perhaps',
      )
      .optional()
      .describe('The key to send it, better as ${NAME} than as it is. Without it, none is sent.'),
    concurrency: z
      .union([z.literal('auto'), z.int().min(1)], 'has to be auto or a whole number of at least 1')
      .default('auto')
      .describe('The most requests in flight at once, per model; auto finds it out.'),
    tier: z
      .int()
      .min(0)
      .optional()
      .describe(
        '0 is served first; a higher tier opens when the lower ones would be too late. Default: 1 for the cloud, else 0.',
      ),
    models: models.optional(),
    budget: moneyBudget('What may be spent at this server, whoever asks; without it, any amount.').optional(),
  })
  .describe('One server.')

const notKept = 'This version does not act on it.'

const model = z
  .strictObject({
    cloud: z
      .enum(['allowed', 'never'])
      .optional()
      .describe(
        'Whether requests for it may leave for a server that costs money. never holds whatever a caller may do. Default: allowed.',
      ),
    resume: z
      .boolean()
      .optional()
      .describe(
        'Whether a stream that breaks half way may be carried on by another server that has the same model, and is known to go on to the letter. Default: false.',
      ),
  })
  .describe('One model, or all whose names begin so.')

export const schema = z
  .strictObject({
    $schema: z.string().optional().describe('Where editors find this schema.'),
    listen: address('Where callers reach the gateway. Beyond loopback, callers need keys.', usualListen),
    admin: z
      .strictObject({
        listen: address('Where metrics, the live page and the admin API are.', usualAdminListen),
        token: z.string().min(8).optional().describe('Needed beyond loopback: sent as Authorization: Bearer.'),
      })
      .prefault({})
      .describe('The port of the operator.'),
    upstreams: z.array(upstream).min(1).describe('The servers behind the gateway.'),
    fallback_models: z
      .record(z.string(), z.array(z.string().min(1)).min(1))
      .default({})
      .describe(
        'A model: those that may stand in for it, the best first, while memory is short: it is not loaded, and could not be in time.',
      ),
    queue: z
      .strictObject({
        max: z.int().min(0).default(200).describe('How many may wait; the next one is refused at once.'),
        patience: duration('How long until the first token, by default.', 0).prefault('8s'),
        deadline: duration(
          'How long until the whole answer, by default: what would come later is sent to a costlier server or refused. Without it, answers may take their time.',
          1,
        ).optional(),
        shares: z
          .strictObject({
            default: share(
              'Of what is served while it waits behind interactive requests, 0 to 1.',
              usualShares.default,
            ),
            batch: share('The same for batch.', usualShares.batch),
          })
          .prefault({})
          .refine(
            (all) => all.default + all.batch <= 0.9,
            'leave too little for interactive; let both be at most 0.9 together',
          )
          .describe(
            'What each priority gets at least, in time on the servers, while more urgent requests go before it.',
          ),
      })
      .prefault({})
      .describe('The one queue.'),
    callers: z.array(caller).default([]).describe('Who may ask. Without it, anyone who reaches the port.'),
    anonymous: z
      .strictObject({
        allowed: z
          .boolean()
          .default(false)
          .describe('Whether one may ask without a key although there are callers or keys.'),
        models: z.array(z.string()).optional().describe('The models they may use then; without this, all.'),
        cloud: cloud('Whether their requests may leave then for a server that costs money.').default('never'),
        priority: z
          .enum(['interactive', 'default', 'batch'])
          .default('batch')
          .describe('Who goes first then when all wait.'),
        limits: limits.optional().describe('How much each address may ask; without it, as much as it likes.'),
        budget: budget('What all of them together may use up then; without it, any amount.').optional(),
      })
      .prefault({})
      .describe('Those who ask without a key.'),
    teams: z
      .record(name('What this team is called.'), team)
      .default({})
      .describe('Callers that spend together, by name.'),
    models: z
      .record(z.string().min(1), model)
      .default({})
      .describe(
        'What holds for a model whoever asks, by the name callers or servers have for it. A name that ends in * stands for all that begin so; the most exact one holds.',
      ),
    trusted_proxies: z
      .array(
        z
          .string()
          .refine(
            (text) => readNetwork(text) !== undefined,
            'is no address and no network; write 10.0.0.1 or 10.0.0.0/8',
          ),
      )
      .default([])
      .describe(
        'Addresses and networks of proxies in front. What they say in X-Forwarded-For tells the anonymous apart; without them, it counts for nothing.',
      ),
    timeouts: z
      .strictObject({
        connect: duration('Until a connection stands.').prefault('5s'),
        load: duration('Until a model is in memory, where it has to be loaded first.').prefault('10m'),
        first_token: duration(
          'From sending until the first token, at most: once it is known how soon first tokens come from a server, one that is much later is given up before that.',
        ).prefault('5m'),
        gap: duration('Between two tokens of a stream.').prefault('1m'),
        total: duration('From sending until the end of the answer.').prefault('30m'),
        heartbeat: z
          .union([z.literal(false), duration('How long.', 0)], 'has to be false or a duration, as in 10s')
          .describe(
            'While a stream waits for its first token, its caller gets a sign of life after so long, and again each time. Until the first one, an error has its own status. false for none.',
          )
          .prefault('10s'),
        drain: duration(
          'How long running answers may take to end when the gateway is told to stop; what is left then is told so.',
          0,
        ).prefault('30s'),
        drain_delay: duration(
          'How long requests are still taken after that, while /readyz says no already: until a balancer in front has seen it.',
          0,
        ).prefault('0s'),
      })
      .prefault({})
      .describe('When an upstream is given up, and when a caller who waits is told.'),
    bounds: z
      .strictObject({
        connections: autoOrCount(
          'Connections of callers at once. auto: as many as the limit of open files allows, 45 % of it at most.',
        ),
        connections_per_address: autoOrCount(
          'Of one address, those of trusted_proxies excepted. auto: a quarter of all, and as many as it likes from this machine.',
        ),
        reader_stall: duration(
          'How long a caller may take to read the 64 KiB it has been sent; whoever is slower is sent away, and its place on the server is free.',
        ).prefault('30s'),
        unread: size(
          'How much may wait for slow readers, all of them together; beyond it, who is behind the longest is sent away.',
          1_048_576,
        ).prefault('512MB'),
        body: size('The largest request that is read.', 1_024).prefault('32MB'),
      })
      .prefault({})
      .describe('How much of this process callers may take.'),
    attempts: z.int().min(1).max(10).default(3).describe('Servers tried for one request before its first byte.'),
    hedge: z
      .union(
        [
          z.literal(false),
          z.strictObject({
            share: z
              .number()
              .min(0)
              .max(usualHedge.share)
              .default(usualHedge.share)
              .describe('Of all requests, at most this share gets a second server: 0.02 is two in a hundred.'),
            cloud: z
              .boolean()
              .default(usualHedge.cloud)
              .describe('Whether a server that costs money may be the second, where the request may go there.'),
          }),
        ],
        'has to be false, or hold share and cloud',
      )
      .prefault({})
      .describe(
        'When a server is silent for longer than it hardly ever is, another one that stands idle is asked as well, and the first to speak answers. false for never.',
      ),
    retry_budget: z
      .number()
      .min(0)
      .max(1)
      .default(usualRetryShare)
      .describe(
        'Of the requests under way, the share that may be tried again at once because a server broke or fell silent; three always may.',
      ),
    probe_every: duration('How often each server is looked at.', 100).prefault('5s'),
    upstream_transport: z.enum(['own', 'undici']).default('own').describe('The HTTP client towards the servers.'),
    log: z
      .strictObject({
        level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('What is worth a line.'),
        format: z
          .enum(['auto', 'json', 'pretty'])
          .default('auto')
          .describe('auto: JSON, or lines for people on a terminal.'),
      })
      .prefault({})
      .describe('The log: never any content.'),
    budget: moneyBudget('What the whole gateway may spend in the cloud; without it, any amount.').optional(),
    cache: z
      .strictObject({ enabled: z.boolean().describe('Whether answers are kept.') })
      .optional()
      .describe(`Answering the same twice from memory. ${notKept}`),
    ...moneyKeys,
    data_dir: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Where the ledger, the keys and the recordings are kept. Default: SPILLWAY_DATA_DIR, else the platform's folder for data.",
      ),
  })
  .describe('Configuration of Spillway')

export type LimitsConfig = z.output<typeof limits>

export type Config = z.output<typeof schema>

export type ConfigInput = z.input<typeof schema>
