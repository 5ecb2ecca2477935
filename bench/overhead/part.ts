import type { Findings, How, PartPlan } from '../report/part.ts'
import type { Judged } from './judge.ts'
import { stayAside } from './machine.ts'
import { plotsOf } from './plots.ts'
import { cannotRun, measureScenario, Repeats, type RunOptions } from './run.ts'
import { type Scenario, scenarios } from './scenarios.ts'

/** All scenarios, or some, with what is set otherwise. */
export async function playOverhead(
  some: readonly Scenario[],
  { quick, say }: Pick<How, 'quick' | 'say'>,
  otherwise: Partial<Omit<RunOptions, 'repeats' | 'say'>> = {},
): Promise<Findings> {
  const reason = cannotRun()
  if (reason !== undefined) return { tables: [], conclusions: [], plots: [], notMeasured: [reason] }
  const setFree = stayAside()
  const options: RunOptions = {
    ...(quick ? { rounds: 1, seconds: 1 } : {}),
    ...otherwise,
    repeats: new Repeats(quick ? 0 : 2 * some.length),
    say,
  }
  const judged: Judged[] = []
  try {
    for (const scenario of some) judged.push(await measureScenario(scenario, options))
  } finally {
    setFree()
  }
  return {
    tables: judged.map(({ table }) => table),
    conclusions: judged.flatMap(({ conclusions }) => conclusions),
    plots: plotsOf(new Map(some.map(({ name }, i) => [name, judged[i]!.table]))),
    notMeasured: [...new Set(judged.flatMap(({ notMeasured }) => notMeasured))],
  }
}

export const overhead: PartPlan = {
  name: 'overhead',
  title: 'What it costs to have something in between',
  about:
    'CPU, delay and memory that a proxy adds to a request, to a streamed frame and to an open stream. Spillway is started as a user would start it, with everything on that is on by default: log, metrics, live picture, probes.',
  workload:
    'Callers and a model server on raw sockets, on one core, whose answers were made beforehand; what is measured has the other core to itself. The server writes the moment of sending into each frame, and whoever reads it looks at the same clock. CPU is what the process has used, all its threads, for each unit of work.',
  fair: 'Every arm is one process on the same core, before the same server, and they take turns within minutes, to and fro. nginx runs with `proxy_buffering off` and kept connections, as anybody has to set it who wants streams; HAProxy once as it comes and once with `option http-no-delay`, without which it holds small frames back for others to follow. The two bare proxies, on `fetch` and, for small requests, on undici, do nothing but pass on: what lies between them and Spillway is what its features cost. Portkey 1.15.2 is a gateway like ours, from npm, as its own command starts it; as npm installs it in November 2026 it answers streams with an error, so it is measured with answers in one piece, for CPU alone. A window in which something else used more than 4 % of a core is measured again. Those of which no bar speaks take one turn where the others take two.',
  kind: 'measured',
  atMostMs: 10 * 60_000,
  play: (how) => playOverhead(scenarios, how),
}
