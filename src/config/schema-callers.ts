import { z } from 'zod'
import { addresses, budget, cloud, dialectFamilies, limits } from './schema-money.ts'
import { duration, name, positive } from './values.ts'

/** What somebody with a key may do, whether that is written in the configuration or was said when the key was made. */
export const scopes = z.strictObject({
  priority: z.enum(['interactive', 'default', 'batch']).default('default').describe('Who goes first when all wait.'),
  weight: positive('Share of a contended server, relative to others of the same priority.').default(1),
  patience: duration('How long until the first token, for this caller. Default: queue.patience.', 0).optional(),
  deadline: duration('How long until the whole answer, for this caller. Default: queue.deadline.', 1).optional(),
  models: z.array(z.string()).optional().describe('The models it may use; without this, all.'),
  cloud: cloud('Whether its requests may leave for a server that costs money.').default('allowed'),
  limits: limits.optional().describe('How much this caller may ask; without it, as much as it likes.'),
  budget: budget('What this caller may use up; without it, as much as its team and the gateway may.').optional(),
  team: z.string().min(1).optional().describe('One of teams, whose budget it shares; without it, none.'),
  clamp: z
    .boolean()
    .default(true)
    .describe('Whether an answer may be cut to what the rest of a budget buys, rather than refused.'),
  dialects: dialectFamilies.optional(),
  addresses: addresses.optional(),
})

export type Scopes = z.output<typeof scopes>

export const callerName: z.ZodString = name('What this caller is called: in metrics and logs.')

/** A day, or a moment of one. */
export const expiryDate = z.iso.datetime({ offset: true }).or(z.iso.date())

export const caller = z
  .strictObject({
    name: callerName,
    key: z.string().min(1).describe('The key it sends, any string; better as ${NAME} than as it is.'),
    ...scopes.shape,
    expires: expiryDate
      .optional()
      .describe(
        'From then on its key is not known any more: 2027-01-31, or with a time, 2027-01-31T12:00:00Z. Without it, never.',
      ),
  })
  .describe('One caller and its key.')
