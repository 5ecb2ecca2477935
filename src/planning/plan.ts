import type { Settings } from '../core/settings.ts'

/** A configuration that is to be tried. */
export interface Plan {
  /** What it is called where nothing of it is changed: `as it was`. */
  readonly name: string
  /** What is changed, in words: `1 more gpu-1`. */
  readonly changes: readonly string[]
  readonly settings: Settings
  /** Servers that are like another one: its name by theirs. */
  readonly likeness: ReadonlyMap<string, string>
}

/** There is nothing that could be tried; the message says why, in one sentence for people. */
export class PlanFault extends Error {
  override readonly name = 'PlanFault'
}

/** What is changed, in words and in deed. `apply` throws a PlanFault where that cannot be. */
export interface Change {
  readonly name: string
  readonly apply: (plan: Plan) => Plan
}

export const changed = (plan: Plan, changes: readonly Change[]): Plan => ({
  ...changes.reduce((so, change) => change.apply(so), plan),
  changes: [...plan.changes, ...changes.map(({ name }) => name)],
})

/** As it stands in tables: `as it was`, `with 1 more gpu-1`. */
export const titleOf = ({ name, changes }: Plan): string => (changes.length === 0 ? name : `with ${changes.join(', ')}`)

/** So many more servers like that one. */
export const more = (name: string, count: number): Change => ({
  name: `${count} more ${name}`,
  apply: (plan) => {
    const { upstreams } = plan.settings
    const one = upstreamOf(plan, name)
    const likeness = new Map(plan.likeness)
    const taken = new Set(upstreams.map((upstream) => upstream.name))
    const others = Array.from({ length: count }, () => {
      const free = freeName(name, taken)
      taken.add(free)
      likeness.set(free, plan.likeness.get(name) ?? name)
      return { ...one, name: free }
    })
    return { ...plan, likeness, settings: { ...plan.settings, upstreams: [...upstreams, ...others] } }
  },
})

export const without = (name: string): Change => ({
  name: `no ${name}`,
  apply: (plan) => {
    upstreamOf(plan, name)
    const upstreams = plan.settings.upstreams.filter((upstream) => upstream.name !== name)
    if (upstreams.length === 0) throw new PlanFault(`Without ${name} no server would be left.`)
    return { ...plan, settings: { ...plan.settings, upstreams } }
  },
})

function upstreamOf({ settings: { upstreams } }: Plan, name: string): Settings['upstreams'][number] {
  const found = upstreams.find((upstream) => upstream.name === name)
  if (found !== undefined) return found
  const names = upstreams.map((upstream) => upstream.name).join(', ')
  throw new PlanFault(`There is no server called ${JSON.stringify(name)}: there are ${names}.`)
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 2; ; number += 1) {
    const free = `${name}-${number}`
    if (!taken.has(free)) return free
  }
}
