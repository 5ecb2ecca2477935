/**
 * Plays one part in a process of its own, which the benchmark starts: `node bench/play-part.ts NAME OPTIONS`. What it does and what it
 * found goes to its parent. When that is gone, it goes too, with all that it started.
 */
import { parts } from './parts.ts'
import type { Findings, How } from './report/part.ts'

/** What a part's process tells its parent. */
export type Told = { readonly doing: string } | { readonly findings: Findings }

const [, , name, options] = process.argv
const tell = (told: Told): Promise<void> =>
  new Promise((resolve) => (process.send === undefined ? resolve() : process.send(told, () => resolve())))

process.on('disconnect', () => process.exit(1))
const plan = parts.find((part) => part.name === name)
if (plan === undefined) throw new Error(`There is no part ${name}.`)
const how = JSON.parse(options ?? '{}') as Omit<How, 'say'>
const findings = await plan.play({ ...how, say: (doing) => void tell({ doing }) })
await tell({ findings })
process.exit(0)
