import type { Tenant } from './tenant.ts'

/** Who wants a model that is not in memory, and how long it can wait for it. */
export interface Wish {
  readonly now: number
  readonly since: number
  /** How many wait for it, itself included. */
  readonly waiting: number
  /** When its patience ends. */
  readonly deadline: number
  /** From when the load begins to the first token. */
  readonly readyMs: number
}

/** What a server does about room, and how much it has. */
export interface MemoryTraits {
  /** It can be told to let go of a model. */
  readonly unloads: boolean
  /** It throws out what it must to bring in what it is asked for. */
  readonly swaps: boolean
  /** Models that it holds at once, where somebody has said so. */
  readonly modelsMax: number | undefined
}

/** A model on its way in, or for which room is being made. */
interface Move {
  readonly tenant: Tenant
  readonly since: number
  /** Those that go for it, or may have to. */
  readonly leavers: readonly Tenant[]
  readonly byHand: boolean
}

/** The way in for a model that is not there. */
interface Entry {
  readonly leavers: readonly Tenant[]
  /** The leavers have to be told: left to itself the server might choose one that is to stay, or none. */
  readonly byHand: boolean
}

/** Waiting until others want the same model saves loads, and is worth so many times what a load costs others. */
const lingers = 3
/** A guess of when a load has to begin is safe by so much of the load. */
const marginLoads = 0.25
/** Asked for so many times as often, a model need not wait until another has had its time. */
const hotter = 4
/**
 * A load that nobody waits for is worth its while if so much of an ask comes in the time that it takes: more where somebody
 * may come back for what it throws out.
 */
const worthAsks = { ofUnused: 0.1, ofUsed: 0.5 }
/** Sets of models that were seen together; the oldest go first. */
const setsMax = 16

const nobody: readonly Tenant[] = []

const longAgo = -1e15

/**
 * Which models are in the memory of one server, and when another may come in. Never while one that might have to go for it
 * is busy or is to stay; one after the other; and not before that one has stayed for a while, unless nobody wants it.
 * What fits is what was seen in memory together. A server that tells nothing of its memory is asked for anything at any time.
 */
export class Residency {
  traits: MemoryTraits
  readonly #now: () => number
  readonly #all = new Set<Tenant>()
  readonly #present = new Set<Tenant>()
  /** What was in memory at one time, and so fits. */
  readonly #together: ReadonlySet<Tenant>[] = []
  /** Since the last look: what came, and what was gone without our doing. */
  readonly #came = new Set<Tenant>()
  readonly #went = new Set<Tenant>()
  /** Thrown out as far as can be guessed, until a look tells. */
  readonly #doubted = new Set<Tenant>()
  #coming: Move | undefined
  #turning: Move | undefined

  constructor(traits: MemoryTraits, now: () => number) {
    this.traits = traits
    this.#now = now
  }

  /** In memory, as far as is known. */
  get present(): ReadonlySet<Tenant> {
    return this.#present
  }

  /** On its way in. */
  get coming(): Tenant | undefined {
    return this.#coming?.tenant
  }

  /** For this one the server is being emptied: it takes no more asks for those that have to go. */
  get turningTo(): Tenant | undefined {
    return this.#turning?.tenant
  }

  admit(tenant: Tenant, model: string): void {
    tenant.model = model
    tenant.onMove = this.#onMove
    this.#all.add(tenant)
    if (tenant.loaded === true) this.#present.add(tenant)
  }

  /**
   * How long until an ask for this model may be begun here, as far as memory goes: 0 for now, Infinity for never, else
   * what is predicted.
   */
  opensInMs(tenant: Tenant, wish: Wish): number {
    if (tenant.loaded !== false) return this.#heldMs(tenant, wish.now)
    const [coming, turning] = [this.#coming, this.#turning]
    if (coming?.tenant === tenant) return 0
    // After the one that comes now, or for which room is being made.
    const move = coming ?? turning
    if (move !== undefined && move.tenant !== tenant) {
      const others = [...this.#present, move.tenant].filter(
        (other) => other !== tenant && !move.leavers.includes(other),
      )
      const fits = this.#fits(tenant, others)
      return fits ? inAfterMs(move, wish.now, coming !== undefined) : afterMs(move, tenant, wish, coming !== undefined)
    }
    const entry = this.#entryFor(tenant)
    if (entry === undefined) return Infinity
    // Where the turn was decided, all that remains is that they end.
    return drainMs(entry.leavers) + (turning === undefined ? this.dueInMs(tenant, wish) : 0)
  }

  /** How long until one that waits for this model has waited long enough to have the server emptied for it. */
  dueInMs(tenant: Tenant, wish: Wish): number {
    if (this.#coming !== undefined || this.#turning !== undefined) return Infinity
    const entry = this.#entryFor(tenant)
    if (entry === undefined) return Infinity
    let dueAt = wish.now
    for (const leaver of entry.leavers) dueAt = Math.max(dueAt, goesAt(leaver, tenant, wish))
    return dueAt - wish.now
  }

  /** The cost of what may be thrown out for this model, in time that others will wait. */
  evictionMs(tenant: Tenant, now: number): number {
    if (tenant.loaded !== false || this.#coming?.tenant === tenant) return 0
    let sum = 0
    for (const leaver of this.#entryFor(tenant)?.leavers ?? nobody) sum += leaver.priceMs(tenant.loadMs, now)
    return sum
  }

  /** It is there, or nothing need go for it. */
  hasRoomBeside(tenant: Tenant): boolean {
    if (tenant.loaded !== false) return this.#heldMs(tenant, this.#now()) === 0
    if (this.#coming !== undefined || this.#turning !== undefined) return false
    return this.#entryFor(tenant)?.leavers.length === 0
  }

  /** Whether it may come in now, for nobody who waits. */
  isFreeFor(tenant: Tenant): boolean {
    // As for one who has waited for ever, and whose patience is long spent.
    const wish = { now: this.#now(), since: longAgo, waiting: 1, deadline: longAgo, readyMs: 0 }
    return this.opensInMs(tenant, wish) === 0
  }

  /** Nothing that goes on here ever lets this model in. */
  isShut(tenant: Tenant): boolean {
    return tenant.loaded === false && this.#coming?.tenant !== tenant && this.#entryFor(tenant) === undefined
  }

  /**
   * Whether the model should come in although nobody waits for it here: others take its place, or late, and more often
   * than those that must go are asked for.
   */
  deservesLoad(tenant: Tenant, now: number): boolean {
    if (tenant.loaded !== false || this.#coming !== undefined || this.#turning !== undefined) return false
    const entry = this.#entryFor(tenant)
    if (entry === undefined) return false
    if (entry.leavers.length === 0) return true
    let lossPerMs = 0
    let worth = worthAsks.ofUnused
    for (const leaver of entry.leavers) {
      if (leaver.isBusy || leaver.waiting > 0 || now < leaver.since + leaver.dwellMs) return false
      lossPerMs += leaver.demandPerMs(now)
      if (leaver.asked.isRecent(now)) worth = worthAsks.ofUsed
    }
    return (tenant.missed.perMs(now) - hotter * lossPerMs) * tenant.loadMs > worth
  }

  /** Empties the server for this model: those that must go take nobody more. */
  turnTo(tenant: Tenant): void {
    if (this.#turning !== undefined || this.#coming !== undefined || tenant.loaded !== false) return
    this.#turning = this.#moveOf(tenant)
  }

  /** Nobody wants it here any more. True when the server was being emptied for it. */
  turnBack(tenant: Tenant): boolean {
    if (this.#turning?.tenant !== tenant) return false
    this.#turning = undefined
    return true
  }

  /** It is asked for now, and so comes in. */
  begin(tenant: Tenant): void {
    if (tenant.loaded !== false || this.#coming !== undefined) return
    const move = this.#moveOf(tenant)
    this.#coming = move
    this.turnBack(tenant)
    this.#doubt(move.leavers)
  }

  /** Those that the server has to be told to let go, so that there is room for this one. */
  leaversByHand(tenant: Tenant): readonly Tenant[] {
    const coming = this.#coming
    return coming?.tenant === tenant && coming.byHand ? coming.leavers : nobody
  }

  /** The load is over, well or badly. */
  settle(tenant: Tenant): void {
    const coming = this.#coming
    if (coming?.tenant !== tenant) return
    this.#coming = undefined
    this.#doubt(coming.leavers)
  }

  /** A probe has told of all: what is there together fits together. */
  looked(): void {
    for (const tenant of this.#doubted) if (tenant.loaded !== true) tenant.since = 0
    this.#doubted.clear()
    const arrived = this.#coming === undefined ? this.#came : new Set([...this.#came, this.#coming.tenant])
    // It was to fit beside the one that came, and was gone all the same.
    for (const gone of this.#went) for (const one of arrived) this.#forget(gone, one)
    this.#came.clear()
    this.#went.clear()
    if (this.#present.size > 1 && !this.#wereTogether(this.#present)) {
      this.#together.push(new Set(this.#present))
      if (this.#together.length > setsMax) this.#together.shift()
    }
  }

  /** Declared to fit: it is what the configuration wants there. */
  expectTogether(tenants: readonly Tenant[]): void {
    if (tenants.length > 1) this.#together.push(new Set(tenants))
  }

  readonly #onMove = (tenant: Tenant, was: boolean | undefined): void => {
    if (tenant.loaded === true) {
      this.#present.add(tenant)
      if (!this.#doubted.delete(tenant)) tenant.since = this.#now()
      if (was === false) this.#came.add(tenant)
      this.turnBack(tenant)
      return
    }
    this.#present.delete(tenant)
    if (was === true) this.#went.add(tenant)
  }

  #moveOf(tenant: Tenant): Move {
    const { leavers, byHand } = this.#entryFor(tenant) ?? { leavers: nobody, byHand: false }
    return { tenant, since: this.#now(), leavers, byHand }
  }

  #doubt(leavers: readonly Tenant[]): void {
    for (const leaver of leavers) {
      if (leaver.loaded !== true) continue
      leaver.loaded = false
      this.#went.delete(leaver)
      this.#doubted.add(leaver)
    }
  }

  #heldMs(tenant: Tenant, now: number): number {
    if (tenant.isLeaving) return Math.max(1, tenant.drainMs)
    const [coming, turning] = [this.#coming, this.#turning]
    if (coming === undefined && turning === undefined) return 0
    const move = coming ?? turning!
    return move.leavers.includes(tenant) ? inAfterMs(move, now, coming !== undefined) + move.tenant.dwellMs : 0
  }

  /** Who has to go for it; undefined when there is no way in. */
  #entryFor(tenant: Tenant): Entry | undefined {
    // One that is in use is on its way in, if it is not there.
    const others: Tenant[] = []
    for (const other of this.#all)
      if (other !== tenant && (other.loaded === true || (other.loaded === false && other.isBusy))) others.push(other)
    if (this.#fits(tenant, others)) return { leavers: nobody, byHand: false }
    const free = others.filter(({ isPinned, isBusy }) => !isPinned && !isBusy)
    const { unloads, swaps, modelsMax } = this.traits
    // As few as are known to be enough. Else the server decides, and may show that all of them fit.
    if (unloads && (free.length < others.length || modelsMax !== undefined)) {
      const leavers = this.#fewest(tenant, others, free)
      if (leavers !== undefined) return { leavers, byHand: true }
    }
    const movable = others.filter(({ isPinned }) => !isPinned)
    if (movable.length === others.length) return { leavers: others, byHand: !swaps }
    const pinned = others.filter(({ isPinned }) => isPinned)
    return unloads && this.#fits(tenant, pinned) ? { leavers: movable, byHand: true } : undefined
  }

  /** Of those that are free to go, the ones missed least, until there is room for certain. */
  #fewest(tenant: Tenant, others: readonly Tenant[], free: readonly Tenant[]): readonly Tenant[] | undefined {
    const now = this.#now()
    const byPrice = free.toSorted((one, other) => one.priceMs(tenant.loadMs, now) - other.priceMs(tenant.loadMs, now))
    for (let count = 1; count <= byPrice.length; count += 1) {
      const leavers = byPrice.slice(0, count)
      if (count === others.length) return undefined
      const rest = others.filter((other) => !leavers.includes(other))
      if (this.#fits(tenant, rest)) return leavers
    }
    return undefined
  }

  /** Whether it is certain that it has room beside these. */
  #fits(tenant: Tenant, others: readonly Tenant[]): boolean {
    if (others.length === 0) return true
    const { modelsMax } = this.traits
    if (modelsMax !== undefined) return others.length < modelsMax
    return this.#wereTogether([tenant, ...others])
  }

  #wereTogether(tenants: Iterable<Tenant>): boolean {
    const all = [...tenants]
    return this.#together.some((set) => all.every((one) => set.has(one)))
  }

  #forget(one: Tenant, other: Tenant): void {
    for (let at = this.#together.length - 1; at >= 0; at -= 1) {
      const set = this.#together[at]!
      if (set.has(one) && set.has(other)) this.#together.splice(at, 1)
    }
  }
}

/** When a model may be sent away for one that is waited for, if it is idle then. */
function goesAt(leaver: Tenant, tenant: Tenant, wish: Wish): number {
  const { now, since, waiting, deadline } = wish
  const latest = latestAt(leaver, tenant, wish)
  // Together they may wait for as long as costs a few times what the other's going will, so that others join them, but keep
  // the better part of their patience.
  const lingerMs = (lingers * leaver.priceMs(tenant.loadMs, now)) / waiting
  const joined = since + Math.min(lingerMs, Math.max(leaver.dwellMs, (deadline - since) / 4))
  const leaves = Math.min(joined, latest)
  const isHotter = leaver.waiting === 0 && tenant.demandPerMs(now) >= hotter * leaver.demandPerMs(now)
  return leaver.isWanted(now) && !isHotter ? Math.max(leaver.since + leaver.dwellMs, leaves) : leaves
}

/** To be in time it has to come in by then. Who cannot be does not wait, unless for a model that many ask for. */
function latestAt(leaver: Tenant, { loadMs }: Tenant, { now, deadline, readyMs }: Wish): number {
  const begunBy = deadline - marginLoads * loadMs - leaver.drainMs
  if (begunBy - readyMs >= now) return begunBy - readyMs
  return leaver.isPopular(now) ? Math.max(now, begunBy) : now
}

/** Until the one that comes first is there: never no time at all, however quick its loads are. */
function inAfterMs({ tenant, since, leavers }: Move, now: number, isComing: boolean): number {
  return Math.max(1, isComing ? since + tenant.loadMs - now : drainMs(leavers) + tenant.loadMs)
}

/** Until that one has been there for a while, if it is wanted at all. */
function afterMs(move: Move, tenant: Tenant, wish: Wish, isComing: boolean): number {
  const { tenant: first } = move
  const inMs = inAfterMs(move, wish.now, isComing)
  if (first.isWanted(wish.now)) return inMs + first.dwellMs
  return Math.max(inMs, Math.min(inMs + first.dwellMs, latestAt(first, tenant, wish) - wish.now))
}

function drainMs(tenants: readonly Tenant[]): number {
  let ms = 0
  for (const tenant of tenants) ms = Math.max(ms, tenant.drainMs)
  return ms
}
