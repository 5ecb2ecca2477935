import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ledger } from '../../src/core/ledger.ts'
import { realTime } from '../../src/ledger/ledger.test-helper.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import { type OpenLedger, openLedger } from '../../src/ledger/open.ts'
import { type Act, answer, type Rig, rig } from '../dispatch/scripted.ts'
import { callerWith } from '../../src/accounts/rig.test-helper.ts'
import { chat, money, sky, wholeAnswer } from './stage.ts'

/**
 * Far more than there is money for, all of them at once. Each is held for its prompt and a thousand tokens of answer at a
 * hundred thousand to the dollar, and uses nearly all of it: there is money for ten, and none for an eleventh.
 */
const crowd = 500
const admitted = 10
const limitNano = 105_000_000

/** Gateways with one cloud, and with one ledger between them, before which a crowd may be led again and again. */
export interface Field {
  /** False where the disk took so long that the gateway gave it up: then fewer are let out, and never more. */
  rush(round: number): Promise<boolean>
  close(): Promise<void>
}

/** So many that were sound; of a disk that is slow, not without end. */
export async function rushes(field: Field, rounds: number): Promise<void> {
  let sound = 0
  try {
    for (let round = 0; sound < rounds && round < 3 * rounds + 3; round += 1) if (await field.rush(round)) sound += 1
  } finally {
    await field.close()
  }
  assert.equal(sound, rounds, 'the ledger keeps up with most of them')
}

/** A gateway with its ledger in memory. */
export const inMemory = (): Field => new RealField([new MemoryLedger()])

/** So many gateways with a ledger on the disk, as if each were a process of its own. */
export async function onDisk(gateways: number): Promise<Field> {
  const dataDir = mkdtempSync(join(tmpdir(), 'spillway-rush-'))
  const open = (): Promise<OpenLedger> => openLedger({ dataDir, world: realTime, emit: () => {} })
  const opened: OpenLedger[] = []
  for (let at = 0; at < gateways; at += 1) opened.push(await open())
  await Promise.all(opened.map(({ ready }) => ready))
  return new RealField(
    opened.map(({ ledger }) => ledger),
    async () => {
      for (const { close } of opened) await close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  )
}

class RealField implements Field {
  readonly #rigs: readonly Rig[]
  readonly #ledgers: readonly Ledger[]
  readonly #onClose: () => Promise<void>
  /** Nothing is spent before all of them have asked. */
  #spending = Promise.withResolvers<void>()

  constructor(ledgers: readonly Ledger[], onClose = () => Promise.resolve()) {
    const usage = { prompt_tokens: 80, completion_tokens: 1_000, total_tokens: 1_080 }
    const whole = JSON.stringify({ ...(JSON.parse(wholeAnswer) as object), usage })
    const slowly: Act = async () => {
      await this.#spending.promise
      return answer([whole])
    }
    const settings = { money, queue: { max: crowd, patienceMs: 0 } }
    this.#ledgers = ledgers
    this.#rigs = ledgers.map((ledger) => rig({ sky: sky(slowly) }, settings, realTime, [], ledger))
    this.#onClose = onClose
  }

  async rush(round: number): Promise<boolean> {
    this.#spending = Promise.withResolvers()
    const from = this.#heard
    const caller = callerWith([{ per: 'month', nano: limitNano, alertAt: [] }], { id: `caller-${round}`, clamp: false })
    let ended = 0
    const asked = Array.from({ length: crowd }, async (_, at) => {
      const ending = this.#rigs[at % this.#rigs.length]!.ask(chat, { caller }).then(
        () => 'served',
        (error: unknown) => (error as { code: string }).code,
      )
      return ending.finally(() => (ended += 1))
    })
    while (this.#heard - from < admitted && ended + this.#heard - from < crowd) await realTime.sleep(1)
    // Long enough for an eleventh to get out, if it could.
    await realTime.sleep(5)
    this.#spending.resolve()
    const codes = await Promise.all(asked)
    const count = (code: string): number => codes.filter((one) => one === code).length
    assert.ok(this.#heard - from <= admitted, `round ${round}: ${this.#heard - from} were let out`)
    if (count('ledger_unavailable') > 0) return false
    assert.deepEqual([count('served'), count('budget_exceeded')], [admitted, crowd - admitted], `round ${round}`)
    await this.#checkBooks(caller.id)
    return true
  }

  close(): Promise<void> {
    return this.#onClose()
  }

  /** Requests that the cloud has got. */
  get #heard(): number {
    return this.#rigs.reduce((sum, { heard }) => sum + heard.get('sky')!.length, 0)
  }

  /** The ten are in the books, nothing is held any more, and the budget is not passed. */
  async #checkBooks(caller: string): Promise<void> {
    const ledger = this.#ledgers[0]!
    const query = { by: ['caller'], caller } as const
    let [row] = await ledger.report(query)
    while ((row?.requests ?? 0) < admitted) {
      await realTime.sleep(1)
      ;[row] = await ledger.report(query)
    }
    assert.deepEqual([row?.requests, row?.outputTokens], [admitted, admitted * 1_000])
    assert.ok(row!.nano > 0.9 * limitNano && row!.nano <= limitNano)
    const own = this.#rigs[0]!.gateway.treasury.standings().find(({ account }) => account === `caller:${caller}/month`)!
    const [standing] = await ledger.standings([{ name: own.account, from: own.from, until: own.until }])
    assert.deepEqual([standing?.heldNano, standing?.spentNano], [0, row!.nano])
  }
}
