import type { BoundAccount, Claim, Entry, EntryState, TokenCounts, Try } from '../core/ledger.ts'
import { slotOf } from './slots.ts'

/** A caller and its key, as ids: what is written for ever holds no name. */
export interface Ids {
  readonly caller: string
  readonly key: string
}

type Counts = readonly [
  input: number,
  output: number,
  cached: number,
  cacheWrite: number,
  reasoning: number,
  estimated: 0 | 1,
]

type TryContent = readonly [
  id: string,
  state: EntryState,
  nano: number,
  counts: Counts,
  upstream: string,
  model: string,
  heldNano: number,
  price: string,
  promptTokens: number,
  promptNano: number,
  outputPico: number,
  at: number,
  expiresAt: number,
  accounts: readonly (readonly [kindAndSpan: string, from: number, until: number, limitNano: number])[],
]

type Content = readonly [
  id: string,
  at: number,
  endedAt: number,
  state: EntryState,
  caller: string,
  key: string,
  team: string,
  dialect: string,
  model: string,
  upstream: string,
  tier: number,
  spilled: 0 | 1,
  firstTokenMs: number | null,
  gpuMs: number,
  nano: number,
  savedNano: number,
  fault: string | null,
  counts: Counts,
  tries: readonly TryContent[],
]

/** All of an entry as one text, in a fixed order: what its hash is of. */
export function contentOf(entry: Entry, { caller, key }: Ids): string {
  const content: Content = [
    entry.id,
    entry.at,
    entry.endedAt,
    entry.state,
    caller,
    key,
    entry.team ?? '',
    entry.dialect,
    entry.model,
    entry.upstream,
    entry.tier,
    entry.spilled ? 1 : 0,
    entry.firstTokenMs === undefined ? null : Math.round(entry.firstTokenMs),
    Math.round(entry.gpuMs),
    entry.nano,
    entry.savedNano,
    entry.fault ?? null,
    countsOf(entry),
    entry.tries.map(tryOf),
  ]
  return JSON.stringify(content)
}

const countsOf = (counts: TokenCounts): Counts => [
  counts.inputTokens,
  counts.outputTokens,
  counts.cachedTokens,
  counts.cacheWriteTokens,
  counts.reasoningTokens,
  counts.estimated ? 1 : 0,
]

const tryOf = (made: Try): TryContent => {
  const { claim } = made
  return [
    claim.id,
    made.state,
    made.nano,
    countsOf(made),
    claim.upstream,
    claim.model,
    claim.nano,
    claim.price,
    claim.promptTokens,
    claim.promptNano,
    claim.outputPico,
    claim.at,
    claim.expiresAt,
    claim.accounts.map(accountOf),
  ]
}

/** Whose an account is follows from the claim; its name would tell the caller's. `caller:chat-ui/day` → `caller/day`. */
const accountOf = ({ name, from, until, limitNano }: BoundAccount): TryContent[13][number] => [
  name.slice(0, name.search(/[:/]/)) + name.slice(name.lastIndexOf('/')),
  from,
  until,
  limitNano,
]

/** What a row adds to the sums: when, whose, and how much, in the order of `totalKeys` and `totalCounts`. */
export function tallyIn(content: string): {
  readonly slot: number
  readonly group: string
  readonly counts: readonly number[]
} {
  const row = JSON.parse(content) as Content
  const [input, output, cached, , , estimated] = row[17]
  return {
    slot: slotOf(row[1]),
    group: `${row[4]}\n${row[5]}\n${row[6]}\n${row[8]}\n${row[9]}\n${row[7]}`,
    counts: [1, row[16] === null ? 0 : 1, row[11], estimated, input, output, cached, row[13], row[14], row[15]],
  }
}

/** What `contentOf` wrote. Its caller and key are called what `nameOf` says. */
export function entryIn(content: string, nameOf: (id: string) => string): { readonly entry: Entry; readonly ids: Ids } {
  const row = JSON.parse(content) as Content
  const [id, at, endedAt, state, caller, key, team, dialect, model, upstream, tier, spilled, firstTokenMs] = row
  const [gpuMs, nano, savedNano, fault, counts, tries] = row.slice(13) as unknown as Tail
  const who = { caller: nameOf(caller), ...(key !== '' && { key: nameOf(key) }), ...(team !== '' && { team }) }
  const entry: Entry = {
    id,
    state,
    at,
    endedAt,
    ...who,
    dialect,
    model,
    upstream,
    tier,
    spilled: spilled === 1,
    firstTokenMs: firstTokenMs ?? undefined,
    gpuMs,
    nano,
    savedNano,
    fault: fault ?? undefined,
    ...countsIn(counts),
    tries: tries.map((written) => tryIn(written, { requestId: id, ...who })),
  }
  return { entry, ids: { caller, key } }
}

type Tail = readonly [Content[13], Content[14], Content[15], Content[16], Content[17], Content[18]]

const countsIn = ([input, output, cached, cacheWrite, reasoning, estimated]: Counts): TokenCounts => ({
  inputTokens: input,
  outputTokens: output,
  cachedTokens: cached,
  cacheWriteTokens: cacheWrite,
  reasoningTokens: reasoning,
  estimated: estimated === 1,
})

function tryIn(written: TryContent, who: Pick<Claim, 'requestId' | 'caller' | 'key' | 'team'>): Try {
  const [id, state, nano, counts, upstream, model, heldNano, price, promptTokens, promptNano, outputPico] = written
  const [at, expiresAt, accounts] = [written[11], written[12], written[13]]
  const nameOf: Readonly<Record<string, string>> = {
    caller: `caller:${who.caller}`,
    team: `team:${who.team ?? ''}`,
    upstream: `upstream:${upstream}`,
  }
  const claim: Claim = {
    id,
    ...who,
    upstream,
    model,
    nano: heldNano,
    price,
    promptTokens,
    promptNano,
    outputPico,
    at,
    expiresAt,
    accounts: accounts.map(([kindAndSpan, from, until, limitNano]) => {
      const [kind = '', span = ''] = kindAndSpan.split('/')
      return { name: `${nameOf[kind] ?? kind}/${span}`, from, until, limitNano }
    }),
  }
  return { claim, state, nano, ...countsIn(counts) }
}
