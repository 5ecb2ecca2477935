import { backendOf } from '../../src/backends/index.ts'
import type { Backend } from '../../src/core/backend.ts'
import type { Dialect, Task } from '../../src/core/dialect.ts'
import { dialects } from '../../src/dialects/index.ts'
import { canSay } from '../conformance/abilities.ts'
import { type Fact, facts } from '../conformance/facts.ts'
import type { Fixture } from '../conformance/fixtures.ts'
import { type Listener, listeners, type Wish } from './listeners/index.ts'

/** One recorded exchange as one caller meets it. */
export interface Scene {
  /** What it is called, which is also the model that the caller asks for. */
  readonly name: string
  readonly exchange: Fixture
  readonly fact: Fact
  /** The dialect it was recorded in. */
  readonly from: Dialect
  readonly caller: Dialect
  readonly listener: Listener
  readonly stream: boolean
  /** What is asked for, where both dialects have words for more than one thing. */
  readonly task: Task
  readonly backend: Backend
  /** The upstream's name for the model, which is the caller's own unless an answer is to be renamed. */
  readonly served: string
}

/** What the caller asks for: what the server was asked when it was recorded. */
export const wishOf = ({ name, stream, task, fact }: Scene): Wish => ({
  model: name,
  stream,
  task,
  tools: fact.calls !== undefined,
  thinking: fact.thinking !== undefined || fact.sorted !== undefined,
  texts: fact.vectors?.count ?? 1,
})

/** The kind of server that an exchange was recorded from, as far as there are such kinds. */
const kindOf = ({ server }: Fixture): Backend => backendOf(server) ?? backendOf('openai-compatible')!

/** Every way in which an exchange can come to a caller. */
export function scenesOf(exchange: Fixture): Scene[] {
  const fact = facts[exchange.name]
  const from = dialects.find(({ routes }) => routes.includes(exchange.path))
  if (fact === undefined || from === undefined || fact.errand !== undefined) return []
  return dialects.flatMap((caller) => {
    const task = tasks.find((one) => caller.tasks.includes(one) && from.tasks.includes(one))
    if (task === undefined || !(caller.id in listeners) || isBeyond(caller, fact)) return []
    return [true, false].flatMap((stream) => variants({ exchange, fact, from, caller, stream, task }))
  })
}

/** Where there is a choice, most recordings are of the first. */
const tasks: readonly Task[] = ['chat', 'text', 'vectors']

type Cast = Pick<Scene, 'exchange' | 'fact' | 'from' | 'caller' | 'stream' | 'task'>

function variants(cast: Cast): Scene[] {
  const { exchange, from, caller, stream } = cast
  const listener = listeners[caller.id]!
  if (cast.task === 'vectors' && stream) return []
  const make = (backend: Backend, more = '', served?: string): Scene => {
    const name = `${exchange.name}-for-${caller.id}-${stream ? 'streamed' : 'whole'}${more}`
    return { ...cast, listener, backend, name, served: served ?? name }
  }
  const kind = kindOf(exchange)
  if (caller !== from) return [make(askedIn(kind, cast))]
  // A server that takes such a request answers it in the same manner.
  if (exchange.status === 200 && stream !== exchange.isStream) {
    return stream || !exchange.isStream ? [] : [make({ ...askedIn(kind, cast), stopsWhole: false })]
  }
  const passing = { ...askedIn(kind, cast), stopsWhole: true }
  const model = /"model":"([^"]+)"/.exec(exchange.body.toString())?.[1]
  return model === undefined ? [make(passing)] : [make(passing), make(passing, '-renamed', model)]
}

/** What nobody can ask for in this dialect. */
const isBeyond = ({ id }: Dialect, { vectors, calls }: Fact): boolean =>
  (vectors !== undefined && vectors.count !== 1 && !canSay(id)('many texts')) ||
  (calls !== undefined && !canSay(id)('tools'))

/** The kind itself where it would be asked in the dialect of the recording, else one that speaks nothing else. */
function askedIn(kind: Backend, { from, caller, task, exchange: { path } }: Cast): Backend {
  const spoken = Object.keys(kind.speaks)
  const byId = new Map(dialects.map((dialect) => [dialect.id, dialect]))
  const chosen = spoken.includes(caller.id) ? caller.id : spoken.find((id) => byId.get(id)?.tasks.includes(task))
  return chosen === from.id && kind.speaks[from.id] === path
    ? kind
    : { ...kind, speaks: { [from.id]: path }, lacks: [] }
}
