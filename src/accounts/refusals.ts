import { Fault } from '../core/fault.ts'
import { inDollars } from '../core/money.ts'
import type { Stands } from './accounts.ts'
import type { Bound } from './bounds.ts'

/** Money that others have set aside comes back as their answers end. */
const comesBackMs = 1_000

/** The cloud is closed for everything, and only the cloud could serve it. */
export const cloudClosed = (): Fault =>
  new Fault(
    'no-upstream',
    'Only a server that costs money could serve this, and this gateway sends nothing there at the moment.',
  )

export const ledgerClosed = (trouble: string): Fault =>
  new Fault(
    'ledger-closed',
    `Only a server that costs money could serve this, and what it costs cannot be taken down: ${trouble}`,
    { retryAfterMs: 5_000 },
  )

export const noPrice = (model: string): Fault =>
  new Fault(
    'no-upstream',
    `Only a server that costs money could serve this, and nobody here knows what its model ${model} costs. ` +
      `Whoever runs this gateway can say so: prices: { ${JSON.stringify(model)}: { input: DOLLARS, output: DOLLARS } }.`,
  )

/** It cannot be paid for however long anybody waits. */
const tooDear = (leastNano: number, bound: string): Fault =>
  new Fault(
    'too-large',
    `This may cost ${inDollars(leastNano)} at a server that costs money, and ${bound}: shorten it, or allow a shorter answer.`,
  )

export const dearerThanAny = (leastNano: number, mostNano: number): Fault =>
  tooDear(leastNano, `no request may cost more than ${inDollars(mostNano)} there`)

/** Which of these accounts does not pay for it: of those that are spent, the one that begins anew last. */
export function shortOfMoney(all: readonly Stands[], leastNano: number, now: number): Fault | undefined {
  const small = all.find(({ bound: { limitNano } }) => limitNano > 0 && limitNano < leastNano)
  if (small !== undefined)
    return tooDear(leastNano, `the budget of ${ownerOf(small.bound)} is ${inDollars(small.bound.limitNano)}`)
  const spent = all.filter((each) => isSpent(each, leastNano))
  if (spent.length > 0) {
    return overBudget(
      spent.reduce((last, each) => (each.window.until > last.window.until ? each : last)),
      now,
    )
  }
  const held = all.find(({ bound, seen }) => bound.limitNano - seen.spentNano - seen.heldNano < leastNano)
  return held && allHeld(held)
}

/** It would not pay for it even if all came back that others have set aside. */
export const isSpent = ({ bound, seen }: Stands, leastNano: number): boolean =>
  bound.limitNano - seen.spentNano < leastNano

function overBudget({ bound, window, seen }: Stands, now: number): Fault {
  const { limitNano } = bound
  const spent = `${inDollars(seen.spentNano)} of ${inDollars(limitNano)} spent`
  const text = `The budget of ${ownerOf(bound)} does not pay for this: ${spent}. It begins anew at ${dateOf(window.until)}.`
  return new Fault('over-budget', text, { retryAfterMs: Math.max(1, window.until - now) })
}

function allHeld({ bound, seen }: Stands): Fault {
  const { limitNano } = bound
  const held = `${inDollars(seen.heldNano)} of ${inDollars(limitNano)} is set aside for requests that are under way`
  const text = `The budget of ${ownerOf(bound)} is not spent, but ${held}. Ask again in a moment.`
  return new Fault('over-budget', text, { retryAfterMs: comesBackMs })
}

/** A budget of tokens or machine time, as it stands. */
interface QuotaStanding extends Pick<Bound, 'name' | 'per'> {
  readonly counted: 'tokens' | 'gpuMs'
  readonly limit: number
  readonly used: number
  readonly held: number
  readonly until: number
}

/** It does not fit into a whole span, however long anybody waits. */
export const beyondQuota = (least: number, of: QuotaStanding): Fault =>
  new Fault(
    'too-large',
    `This may use ${amount(of, least)}, and the budget of ${ownerOf(of)} is ${amount(of, of.limit)}: shorten it, or allow a shorter answer.`,
  )

export function quotaSpent({ used, until, ...of }: QuotaStanding, now: number): Fault {
  const spent = `${amount(of, used)} of ${amount(of, of.limit)} used up`
  const text = `The budget of ${ownerOf(of)} is not enough for this: ${spent}. It begins anew at ${dateOf(until)}.`
  return new Fault('over-budget', text, { retryAfterMs: Math.max(1, until - now) })
}

export function quotaHeld({ held, ...of }: QuotaStanding): Fault {
  const set = `${amount(of, held)} of ${amount(of, of.limit)} are set aside for requests that are under way`
  const text = `The budget of ${ownerOf(of)} is not used up, but ${set}. Ask again in a moment.`
  return new Fault('over-budget', text, { retryAfterMs: comesBackMs })
}

const amount = ({ counted }: Pick<QuotaStanding, 'counted'>, count: number): string =>
  counted === 'tokens' ? `${count} tokens` : `${Math.round(count / 100) / 10} s of the machines`

/** `caller:chat-ui/day` as people say it. */
function ownerOf({ name, per }: Pick<Bound, 'name' | 'per'>): string {
  const [kind = '', ...rest] = name.slice(0, name.lastIndexOf('/')).split(':')
  const whose = rest.length === 0 ? `this ${kind}` : `the ${kind} ${rest.join(':')}`
  return `${whose} for this ${per}`
}

const dateOf = (epochMs: number): string => new Date(epochMs).toISOString().replace('.000Z', 'Z')
