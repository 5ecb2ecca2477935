import assert from 'node:assert/strict'
import { Agent, type ClientRequest } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { type House, openHouse } from '../../src/cli/house.ts'
import { doorsOf, parse, settingsOf } from '../../src/config/settings.ts'
import { ask } from './asking.ts'
import type { Cell } from './cells.ts'
import { type Got, verdict } from './judge.ts'
import { FaultServer } from './server/server.ts'
import { answerTo } from './server/wires.ts'

export interface Finding {
  readonly cell: string
  readonly wrong: string
}

/** What the gateway waits for at most. Long enough for a busy machine, short enough for who waits for the matrix. */
const deadlines = { connect: '1s', first_token: '2s', gap: '2s', total: '8s', heartbeat: false } as const

/** Of an answer in one piece that is handed on nothing is heard before all of it, so that only the last deadline ends it. */
const hangMaxMs = 30_000
/** A server that is well again is asked again within this. */
const cureMaxMs = 3_000
const noticeMaxMs = 1_000
const startMaxMs = 10_000

/** A cell with its servers. */
class Stand {
  readonly cell: Cell
  readonly faulty: FaultServer
  readonly servers: readonly FaultServer[]
  readonly #heard = Promise.withResolvers<void>()

  constructor(cell: Cell) {
    this.cell = cell
    const heard = cell.stream ? () => this.#heard.promise : () => wait(2)
    const options = { kind: cell.server, model: cell.name, heard }
    this.faulty = new FaultServer(options)
    this.servers = cell.second ? [this.faulty, new FaultServer(options)] : [this.faulty]
  }

  /** From now on it does what its model's name says. */
  async arm(): Promise<void> {
    const { fault, phase } = this.cell
    if (fault.mood !== undefined) return this.faulty.turn(fault.mood)
    this.faulty.script = async (exchange) => {
      await exchange.sayUntil(phase)
      await fault.strike(exchange, phase)
    }
  }

  async disarm(): Promise<void> {
    this.faulty.script = undefined
    if (this.cell.fault.mood !== undefined) await this.faulty.turn('well')
  }

  readonly onHeard = (): void => this.#heard.resolve()

  get asked(): number {
    return this.servers.reduce((sum, { ledger }) => sum + ledger.asked, 0)
  }
}

/**
 * Runs cells beside one another before one gateway: each has servers and a model of its own, and only the gateway could
 * mix them up. What is wrong is told by the name of the cell.
 */
export async function runBatch(cells: readonly Cell[], transport: 'own' | 'undici' = 'own'): Promise<Finding[]> {
  const stands = cells.map((cell) => new Stand(cell))
  const findings: Finding[] = []
  const find = (cell: Cell, wrong: string): void => void findings.push({ cell: cell.name, wrong })
  const servers = stands.flatMap((stand) => stand.servers)
  await Promise.all(servers.map((server) => server.listen()))
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity })
  const house = await open(stands, transport)
  const { gateway } = house
  try {
    // On a busy machine a first look may have been too late.
    await settled(startMaxMs, () => gateway.fleet.upstreams.every(({ up }) => up === true))
    await Promise.all(
      stands.map(async (stand) => {
        const wrong = await tried(stand, house.address, agent)
        if (wrong !== undefined) find(stand.cell, wrong)
      }),
    )
    await settled(noticeMaxMs, () => gateway.asks().length === 0 && gateway.waiting === 0)
    for (const { inFlight, settings } of gateway.fleet.upstreams)
      if (inFlight > 0) find(stands[Number.parseInt(settings.name, 10)]!.cell, 'a place was never given back')
    if (gateway.asks().length > 0) findings.push({ cell: gateway.asks()[0]!.model, wrong: 'an ask never ended' })
    const noticed = (): boolean => servers.every(({ ledger }) => ledger.open === 0)
    await settled(noticeMaxMs, noticed)
    for (const { ledger, model } of servers)
      if (ledger.open > 0) findings.push({ cell: model, wrong: 'a server still works for nobody' })
  } finally {
    agent.destroy()
    await house.close(0)
    await settled(noticeMaxMs, () => servers.every(({ ledger }) => ledger.connections === 0))
    for (const { ledger, model } of servers)
      if (ledger.connections > 0) findings.push({ cell: model, wrong: 'a connection outlived the gateway' })
    await Promise.all(servers.map((server) => server.close()))
  }
  return findings
}

function open(stands: readonly Stand[], transport: 'own' | 'undici'): Promise<House> {
  const upstreams = stands.flatMap(({ servers }, at) =>
    servers.map((server, nth) => ({
      name: `${at}-${nth}`,
      kind: server.kind,
      url: server.origin,
      concurrency: 8,
      // What costs money has rules of its own.
      tier: 0,
    })),
  )
  const config = parse({
    listen: '127.0.0.1:0',
    admin: { listen: '127.0.0.1:0' },
    upstreams,
    queue: { max: 10_000, patience: '6s' },
    timeouts: deadlines,
  })
  return openHouse({ settings: settingsOf(config), doors: doorsOf(config), transport })
}

/** One cell from its fault to its cure; what is wrong, or undefined. */
async function tried(stand: Stand, url: string, agent: Agent): Promise<string | undefined> {
  const { cell } = stand
  const asking = { url, agent, caller: cell.caller, model: cell.name, stream: cell.stream }
  const question = `What of ${cell.name}?`
  await stand.arm()
  const wrong = cell.fault.leaves === true ? await leaving(stand, { ...asking, question }) : await judged()
  if (wrong !== undefined) return wrong
  await stand.disarm()
  // Who was turned away comes back when it is put right, and not at once.
  return cell.nature === 'denied' ? undefined : cured(stand, asking)

  async function judged(): Promise<string | undefined> {
    const given = ask({ ...asking, question, onHeard: stand.onHeard })
    const got = await Promise.race([given, wait(hangMaxMs, undefined, { ref: false })])
    if (got === undefined) return `nothing was heard for ${hangMaxMs} ms`
    const unright = verdict(cell, got, answerTo(question))
    if (unright !== undefined) return unright
    // Who says that it is busy, or that it loads, has executed nothing.
    const most = cell.nature === 'sound' ? 1 : cell.nature === 'busy' ? Infinity : 3
    return stand.asked > most ? `it was executed ${stand.asked} times` : undefined
  }
}

interface Told {
  readonly url: string
  readonly agent: Agent
  readonly caller: Cell['caller']
  readonly model: string
  readonly stream: boolean
}

/** The caller hangs up while its server works, and the server hears of it. */
async function leaving(stand: Stand, asking: Told & { readonly question: string }): Promise<string | undefined> {
  const { ledger } = stand.faulty
  let asked: ClientRequest | undefined
  const given = ask({ ...asking, onHeard: stand.onHeard, onAsked: (one) => (asked = one) })
  const wasAsked = await settled(startMaxMs, () => ledger.asked > 0)
  await wait(30)
  asked!.destroy()
  const { status, bytes } = await given
  if (!wasAsked) return `the server was never asked: ${status ?? 'no answer'} ${bytes.toString().slice(0, 200)}`
  return (await settled(noticeMaxMs, () => ledger.aborted > 0))
    ? undefined
    : 'the server never heard that the caller left'
}

/** The server is well again: the next who asks is served, and hears its own answer. */
async function cured(stand: Stand, asking: Told): Promise<string | undefined> {
  const { cell } = stand
  const question = `And what of ${cell.name} now?`
  const since = performance.now()
  for (;;) {
    const got = await ask({ ...asking, question })
    const unright = verdict({ ...cell, nature: 'sound' }, got, answerTo(question))
    if (unright === undefined) return undefined
    if (performance.now() - since > cureMaxMs || isLie(got)) return `once it is well again, ${unright}`
    await wait(50)
  }
}

const isLie = ({ status }: Got): boolean => status === 200

/** Looks until it is so; false when it is not in time. */
async function settled(withinMs: number, isSo: () => boolean): Promise<boolean> {
  const since = performance.now()
  while (!isSo()) {
    if (performance.now() - since > withinMs) return false
    await wait(2)
  }
  return true
}

/** No error may escape while cells run. */
export async function watched<T>(run: () => Promise<T>): Promise<T> {
  const escaped: unknown[] = []
  const note = (error: unknown): void => void escaped.push(error)
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  try {
    return await run()
  } finally {
    process.off('uncaughtException', note)
    process.off('unhandledRejection', note)
    assert.deepEqual(escaped, [], 'nothing escapes')
  }
}
