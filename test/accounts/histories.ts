import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Ask } from '../../src/core/ask.ts'
import { Fault } from '../../src/core/fault.ts'
import type { Hold } from '../../src/core/purse.ts'
import type { Page } from '../../src/accounts/bookkeeper.ts'
import type { AskPurse } from '../../src/accounts/purse.ts'
import { callerWith, cloud, dollars, Rig, wentWell } from '../../src/accounts/rig.test-helper.ts'

const hourMs = 3_600_000

interface Open {
  readonly ask: Ask & { readonly purse: AskPurse }
  readonly page: Page
  readonly hold: Hold
}

const team = { name: 'lab', budgets: [dollars(0.3, { per: 'week' })] }
const budgets = [dollars(0.1), dollars(0.05, { per: 'hour' })]
const callers = ['ann', 'ben', 'cid'].map((id) =>
  callerWith(budgets, { id, team, clamp: id === 'cid' ? false : undefined }),
)
const limits = new Map([
  ['gateway/day', 0.25],
  ['upstream:cloud/month', 0.4],
  ['team:lab/week', 0.3],
  ...callers.flatMap(({ id }): [string, number][] => [
    [`caller:${id}/day`, 0.1],
    [`caller:${id}/hour`, 0.05],
  ]),
])

/** Gateways that share a ledger, and all that can happen to them. */
class History {
  readonly rigs: Rig[] = []
  readonly #open: Open[] = []

  constructor() {
    const options = { budgets: [dollars(0.25)], upstreamBudgets: [dollars(0.4, { per: 'month' })] }
    const first = new Rig(options)
    this.rigs = [first, new Rig({ ...options, ledger: first.ledger })]
  }

  get ledger(): Rig['ledger'] {
    return this.rigs[0]!.ledger
  }

  #rig(pick: number): Rig {
    return this.rigs[pick % this.rigs.length]!
  }

  async ask(
    pick: number,
    tokens: { readonly prompt: number; readonly output: number | undefined; readonly answers: number },
  ): Promise<void> {
    const rig = this.#rig(pick)
    const caller = callers[pick % callers.length]!
    const { prompt: promptTokens, output: outputTokensMax, answers } = tokens
    const ask = rig.ask(caller, { promptTokens, outputTokensMax, answers, clamp: caller.clamp })
    const page = rig.treasury.open(ask)
    const holding = ask.purse.hold(ask, cloud)
    await rig.world.settle()
    await rig.world.advance(2_500)
    const hold = await holding
    if (hold === undefined) return page.fail(new Fault('over-budget', 'There is no money.'))
    assert.ok(hold.outputTokensMax <= (outputTokensMax ?? 8_192))
    hold.sent()
    this.#open.push({ ask, page, hold })
  }

  /** A server counts up to a quarter more than was guessed, and never more than it was told to write. */
  async end(pick: number, share: number, counted: boolean): Promise<void> {
    const [open] = this.#open.splice(pick % Math.max(1, this.#open.length), 1)
    if (open === undefined) return
    const { ask, page, hold } = open
    const usage = {
      promptTokens: Math.floor(ask.promptTokens * (0.25 + share)),
      outputTokens: Math.floor(hold.outputTokensMax * (ask.answers ?? 1) * Math.min(1, share * 2)),
    }
    hold.end(share < 0.1 ? undefined : { ...usage, estimated: !counted })
    await page.close(wentWell(usage))
  }

  setClock(pick: number, ms: number): void {
    this.#rig(pick).dateMs += ms
  }

  configure(pick: number, limit: number): void {
    const rig = this.#rig(pick)
    const { money } = rig.settings
    rig.settings = { ...rig.settings, money: { ...money!, budgets: [dollars(0.25 * limit)] } }
  }

  async finish(): Promise<void> {
    while (this.#open.length > 0) await this.end(0, 0.5, true)
  }

  /** In no account is more spent and held than its limit. */
  async check(): Promise<void> {
    const standings = await this.ledger.standings(Array.from(limits.keys(), (name) => ({ name, from: 0, until: 1 })))
    for (const { name, spentNano, heldNano } of standings) {
      assert.ok(spentNano >= 0 && heldNano >= 0, name)
      assert.ok(spentNano + heldNano <= limits.get(name)! * 1e9, `${name}: ${spentNano} and ${heldNano}`)
    }
  }
}

type Step = (history: History) => Promise<void> | void

const pick = fc.nat({ max: 1_000 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        pick,
        fc.integer({ min: 0, max: 30_000 }),
        fc.option(fc.integer({ min: 0, max: 40_000 }), { nil: undefined }),
        fc.integer({ min: 1, max: 3 }),
      )
      .map(
        ([who, prompt, output, answers]): Step =>
          (history) =>
            history.ask(who, { prompt, output, answers }),
      ),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(pick, fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(1)), fc.boolean()).map(
      ([which, share, counted]): Step =>
        (history) =>
          history.end(which, share, counted),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(pick, fc.constantFrom(-30 * 24, -1, 1, 5, 24)).map(
      ([who, hours]): Step =>
        (history) =>
          history.setClock(who, hours * hourMs),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(pick, fc.constantFrom(0, 0.5, 1)).map(
      ([who, limit]): Step =>
        (history) =>
          history.configure(who, limit),
    ),
  },
)

/** So many random histories, each a step at a time. Rejects with the one that overdraws an account or leaves something held. */
export async function tryHistories(numRuns: number, seed?: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const history = new History()
      for (const take of steps) {
        await take(history)
        await history.check()
      }
      await history.finish()
      await history.check()
      assert.deepEqual(history.ledger.open, [])
    }),
    { numRuns, ...(seed !== undefined && { seed }) },
  )
}
