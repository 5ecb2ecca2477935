import { styleText } from 'node:util'
import type { Fitted, FittedUpstream } from '../planning/fit.ts'
import { stepMsAt } from '../sim/engine-spec.ts'
import { duration } from '../sim/picture.ts'
import { printable, table } from './table.ts'

/** What was fitted, for people; and where it is kept, if anywhere. */
export const fittedLines = (fitted: Fitted, save: string | undefined): string[] => [
  ...fitted.upstreams.flatMap(linesOf),
  ...savedLines(fitted, save),
]

function linesOf(upstream: FittedUpstream): string[] {
  const { name, kind, answers, mostAtOnce, unknown } = upstream
  const head = `${printable(name)} (${printable(kind)}), from ${answers.toLocaleString('en')} answers, at most ${mostAtOnce} at once`
  return [
    styleText('bold', head),
    ...figuresOf(upstream),
    ...comparedIn(upstream),
    ...unknown.map((one) => `  ? ${one}`),
    '',
  ]
}

function figuresOf({ machine }: FittedUpstream): string[] {
  if (machine === undefined) return []
  const { networkMs = 0, networkSpread = 0, engine = {} } = machine
  const {
    prefillTokensPerSecond: reads,
    prefillMs = 0,
    prefillStalls,
    stepMs = [],
    slots,
    loadMs,
    cacheBlocks,
  } = engine
  const counts = stepMs.length > 0 && slots !== undefined ? stepMs.map(([running]) => running) : [1]
  const steps = counts
    .filter((running) => running > 0)
    .map((running) => `${three(stepMsAt(stepMs, running))} for ${running}`)
  return [
    `  on the way        ${three(networkMs)} ms${networkSpread > 0 ? `, for one in ten ${three(networkMs * Math.exp(1.2816 * networkSpread))} ms and more` : ''}`,
    ...(reads === undefined
      ? []
      : [
          `  reads             ${reads.toLocaleString('en')} tokens a second${prefillMs > 0 ? ` and ${three(prefillMs)} ms for each prompt` : ''}${prefillStalls === true ? ', while nobody speaks' : ''}`,
        ]),
    `  ms a token        ${steps.length > 0 ? steps.join(', ') : three(stepMs[0]?.[1] ?? 0)}`,
    ...(slots === undefined ? [] : [`  answers at once   ${slots}`]),
    ...(loadMs === undefined ? [] : [`  loads a model in  ${duration(loadMs)}`]),
    ...(cacheBlocks === undefined ? [] : [`  remembers         ${cacheBlocks.toLocaleString('en')} blocks of prompts`]),
  ]
}

function comparedIn({ likeness }: FittedUpstream): string[] {
  if (likeness === undefined) return []
  const { measured, simulated } = likeness
  const row = (name: string, of: (times: typeof measured) => number): string[] => {
    const [was, is] = [of(measured), of(simulated)]
    return [name, three(was), three(is), was === 0 ? '' : `${Math.round((is / was - 1) * 100)}%`]
  }
  const rows = [
    row('first token p50, ms', ({ firstTokenMs }) => firstTokenMs.p50),
    row('first token p99, ms', ({ firstTokenMs }) => firstTokenMs.p99),
    row('whole answer p50, ms', ({ totalMs }) => totalMs.p50),
    row('whole answer p99, ms', ({ totalMs }) => totalMs.p99),
    row('tokens a second of an answer', ({ tokensPerSecond }) => tokensPerSecond),
  ]
  return table(['the same requests', 'measured', 'simulated', 'off by'], rows).map((line) => `  ${line}`)
}

const three = (value: number): string => (value >= 1_000 ? value.toFixed(0) : String(Number(value.toPrecision(3))))

function savedLines({ machines, upstreams }: Fitted, save: string | undefined): string[] {
  if (upstreams.length === 0) return ['The recording names no servers.']
  if (save !== undefined)
    return [
      `${machines.size} of ${upstreams.length} ${upstreams.length === 1 ? 'server is' : 'servers are'} in ${save}. Use them with --machines ${save}.`,
    ]
  if (machines.size === 0) return ['There is nothing to keep yet.']
  return ['Keep these with --save FILE, and use them with --machines FILE.']
}
