import type { Ask, Caller } from '../core/ask.ts'
import type { Budget, BudgetStanding, Span } from '../core/budget.ts'
import type { Fault } from '../core/fault.ts'
import type { Ledger } from '../core/ledger.ts'
import type { Price } from '../core/money.ts'
import type { Usage } from '../core/usage.ts'
import type { World } from '../core/world.ts'
import { Experience } from './experience.ts'
import { beyondQuota, quotaHeld, quotaSpent } from './refusals.ts'
import type { Rules } from './rules.ts'
import { leastFor, type Manner, termsFor, usualOutputTokens } from './terms.ts'

interface QuotasParts {
  readonly ledger: Pick<Ledger, 'used'>
  readonly world: Pick<World, 'now' | 'epochMs'>
  readonly rules: () => Rules
}

/** A budget of tokens or of machine time. */
interface Quota {
  /** `caller:chat-ui/day`. */
  readonly name: string
  readonly whose: { readonly caller: string } | { readonly team: string }
  readonly counted: 'tokens' | 'gpuMs'
  readonly per: Span
  readonly limit: number
  readonly alertAt: readonly number[]
}

interface Row {
  quota: Quota
  from: number
  until: number
  used: number
  held: number
  askedAt: number
}

/** What was set aside for one request. */
export interface QuotaHold {
  /** No longer answer may be asked for; undefined where there is no need to say so. */
  readonly outputTokensMax: number | undefined
  /** With what it used up. */
  end(usage: Usage, gpuMs: number): void
}

/** How often it is looked what other gateways have used of the same budgets. */
const lookEveryMs = 10_000
/** A token budget is money by which every token costs one. */
const onePerToken: Price = { input: 1_000, output: 1_000, source: '' }
const noQuotas: readonly Quota[] = []

/**
 * Budgets of tokens and of machine time, for work at home too. They are kept in memory, since no request may wait for them,
 * and begin with what the ledger knows of their span.
 */
export class Quotas {
  readonly #parts: QuotasParts
  readonly #rows = new Map<string, Row>()
  readonly #byCaller = new WeakMap<Caller, readonly Quota[]>()
  readonly #experience = new Experience()
  /** What answers of a model took of a machine, by the last ones. */
  readonly #gpuMs = new Map<string, number>()

  constructor(parts: QuotasParts) {
    this.#parts = parts
  }

  /** Why it cannot be let in now; undefined where it can. */
  refusal(ask: Ask): Fault | undefined {
    const sized = this.#sizeOf(ask)
    return 'refusal' in sized ? sized.refusal : undefined
  }

  /** Sets aside what it will use up. Undefined where nothing bounds that. Throws the Fault of one whose budget is used up. */
  enter(ask: Ask): QuotaHold | undefined {
    if (this.#quotasOf(ask.caller).length === 0) return undefined
    const sized = this.#sizeOf(ask)
    if ('refusal' in sized) throw sized.refusal
    const { rows, tokens, gpuMs, outputTokensMax } = sized
    const windows = rows.map(({ from }) => from)
    const heldOf = ({ quota }: Row): number => (quota.counted === 'tokens' ? tokens : gpuMs)
    for (const row of rows) row.held += heldOf(row)
    let isOver = false
    return {
      outputTokensMax,
      end: (usage, usedGpuMs) => {
        if (isOver) return
        isOver = true
        if (usedGpuMs > 0) this.#learn(ask.model, usedGpuMs)
        this.#experience.learn(ask.model, ask.promptTokens, usage)
        for (const [i, row] of rows.entries()) {
          // Its span is over, and what was held in it.
          if (row.from !== windows[i]) continue
          row.held -= heldOf(row)
          row.used += row.quota.counted === 'tokens' ? usage.promptTokens + usage.outputTokens : usedGpuMs
        }
      },
    }
  }

  standings(): readonly BudgetStanding[] {
    const { settings } = this.#parts.rules()
    const now = this.#parts.world.epochMs()
    for (const { caller } of settings.callers) for (const quota of this.#quotasOf(caller)) this.#rowOf(quota, now)
    return Array.from(this.#rows.values(), ({ quota, used, held, from, until }) => {
      const { name: account, counted, limit, alertAt } = quota
      return { account, counted, limit, spent: used, held, from, until, alertAt }
    })
  }

  #sizeOf(ask: Ask): Sized {
    const { world } = this.#parts
    const epochMs = world.epochMs()
    const rows = this.#quotasOf(ask.caller).map((quota) => this.#rowOf(quota, epochMs))
    const rest = (row: Row): number => row.quota.limit - row.used - row.held
    const bounded = (counted: Quota['counted']): readonly Row[] => rows.filter(({ quota }) => quota.counted === counted)
    for (const row of bounded('gpuMs')) if (rest(row) <= 0) return { refusal: this.#refusalBy(row, 1) }
    const gpuMs = this.#gpuMs.get(ask.model) ?? 0
    const ofTokens = bounded('tokens')
    const [first] = ofTokens
    if (first === undefined) return { rows, tokens: 0, gpuMs, outputTokensMax: undefined }
    const means = this.#meansFor(ask)
    const least = ofTokens.reduce((one, other) => (rest(other) < rest(one) ? other : one), first)
    const terms = termsFor(ask, { ...means, roomNano: rest(least) })
    if (terms === undefined) return { refusal: this.#refusalBy(least, leastFor(ask, means)) }
    const isCut = terms.outputTokensMax < (ask.outputTokensMax ?? means.outputTokensMost)
    return { rows, tokens: terms.nano, gpuMs, outputTokensMax: isCut ? terms.outputTokensMax : undefined }
  }

  #meansFor({ model }: Ask): Manner {
    const { outputTokensMost = usualOutputTokens } = this.#parts.rules().money
    return {
      price: onePerToken,
      outputTokensMost,
      promptFactor: this.#experience.promptFactor(model),
      longest: this.#experience.longest(model),
    }
  }

  #refusalBy({ quota, used, held, until }: Row, least: number): Fault {
    const now = this.#parts.world.epochMs()
    const standing = { ...quota, used, held, until }
    if (quota.limit > 0 && quota.limit < least) return beyondQuota(least, standing)
    return quota.limit - used < least ? quotaSpent(standing, now) : quotaHeld(standing)
  }

  #quotasOf(caller: Caller): readonly Quota[] {
    if (caller.budgets === undefined && caller.team === undefined) return noQuotas
    const known = this.#byCaller.get(caller)
    if (known !== undefined) return known
    const { id, budgets = [], team } = caller
    const quotas = [
      ...quotasIn(`caller:${id}`, { caller: id }, budgets),
      ...(team === undefined ? [] : quotasIn(`team:${team.name}`, { team: team.name }, team.budgets)),
    ]
    this.#byCaller.set(caller, quotas)
    return quotas
  }

  #rowOf(quota: Quota, epochMs: number): Row {
    const key = `${quota.counted} ${quota.name}`
    const { from, until } = this.#parts.rules().calendar.window(quota.per, epochMs)
    let row = this.#rows.get(key)
    if (row === undefined) this.#forget(epochMs)
    if (row === undefined) this.#rows.set(key, (row = { quota, used: 0, held: 0, askedAt: -Infinity, from, until }))
    // All of a team have one row, whoever of them looks; and the configuration may say something else now.
    row.quota = quota
    if (row.from < from) Object.assign(row, { from, until, used: 0, held: 0 })
    if (this.#parts.world.now() - row.askedAt >= lookEveryMs) void this.#look(row)
    return row
  }

  /** Of spans that are over, where there are many. */
  #forget(epochMs: number): void {
    if (this.#rows.size < rowsMax) return
    for (const [key, { until, held }] of this.#rows) if (until <= epochMs && held === 0) this.#rows.delete(key)
  }

  /** What others have used counts as well. Until it is known, nobody is kept waiting for it. */
  async #look(row: Row): Promise<void> {
    const { ledger, world } = this.#parts
    const { quota, from } = row
    row.askedAt = world.now()
    try {
      const used = await ledger.used(quota.whose, from)
      if (row.from === from) row.used = Math.max(row.used, used[quota.counted])
    } catch {
      // The ledger says itself what troubles it; what is known here counts on.
    }
  }

  #learn(model: string, gpuMs: number): void {
    const known = this.#gpuMs.get(model) ?? gpuMs
    this.#gpuMs.delete(model)
    this.#gpuMs.set(model, known + 0.1 * (gpuMs - known))
    if (this.#gpuMs.size > modelsMax) this.#gpuMs.delete(this.#gpuMs.keys().next().value!)
  }
}

/** Of both something is remembered. */
const modelsMax = 1_000
const rowsMax = 10_000

type Sized =
  | { readonly refusal: Fault }
  | {
      readonly rows: readonly Row[]
      readonly tokens: number
      readonly gpuMs: number
      readonly outputTokensMax: number | undefined
    }

function quotasIn(name: string, whose: Quota['whose'], budgets: readonly Budget[]): readonly Quota[] {
  return budgets.flatMap(({ per, tokens, gpuMs, alertAt }) => {
    const of = (counted: Quota['counted'], limit: number | undefined): readonly Quota[] =>
      limit === undefined ? [] : [{ name: `${name}/${per}`, whose, counted, per, limit, alertAt }]
    return [...of('tokens', tokens), ...of('gpuMs', gpuMs)]
  })
}
