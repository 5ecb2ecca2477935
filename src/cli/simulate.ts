import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { loadConfigFile } from '../config/load.ts'
import { settingsOf } from '../config/settings.ts'
import type { Settings } from '../core/settings.ts'
import { machineFor, movedIn } from '../sim/fleet.ts'
import type { Outages } from '../sim/outages.ts'
import { picture } from '../sim/picture.ts'
import { simulate, Violation } from '../sim/run.ts'
import type { Simulation } from '../sim/simulation.ts'
import { readTrace } from '../sim/traces.ts'
import {
  bursts,
  poisson,
  type SimCaller,
  usualCallers,
  usualModel,
  usualWorkload,
  type Workload,
} from '../sim/workload.ts'
import { explain } from './sources.ts'

interface Options {
  readonly config?: string
  readonly seed: number
  readonly requests: number
  readonly workload?: 'poisson' | 'bursts' | 'trace'
  readonly trace?: string
  readonly rate?: number
  readonly trouble?: true
  readonly json?: true
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description(
      'Runs the gateway against simulated servers and callers in virtual time: the same seed gives the same history.',
    )
    .option('-c, --config <file>', 'the fleet and the callers of a configuration; without it, an example')
    .option('--seed <n>', 'where chance begins', wholeNumber, 1)
    .option('--requests <n>', 'how many requests are made', count, 1_000)
    .addOption(new Option('--workload <kind>', 'how requests come').choices(['poisson', 'bursts', 'trace']))
    .option('--trace <file>', 'a recorded trace: Azure CSV or Mooncake JSON lines')
    .option('--rate <n>', 'requests per second on average (3, or as recorded)', positive)
    .option('--trouble', 'servers crash, stand still and grow slow, and answers break')
    .option('--json', 'the report as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway simulate\n  spillway simulate --requests 5000 --workload bursts --rate 8\n' +
        '  spillway simulate --config spillway.yaml --trouble --seed 7\n  spillway simulate --trace azure.csv --json\n',
    )
    .action((options: Options, command: Command) => run(options, command))
}

async function run(options: Options, command: Command): Promise<void> {
  if (options.workload === 'trace' && options.trace === undefined)
    command.error('error: a trace has to be named: --trace FILE')
  try {
    const report = await simulate(simulationOf(options))
    console.log(options.json === true ? JSON.stringify(report) : picture(report).join('\n'))
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    console.error(error.message)
    console.error(`Run it again with --seed ${options.seed}: it will happen again.`)
    process.exitCode = 1
  }
}

const faults = { refused: 0.01, reset: 0.01, error500: 0.01, error503: 0.01, silent: 0.002, breaks: 0.000_5 }

const outages: Outages = {
  everyMs: 120_000,
  forMs: 15_000,
  kinds: [
    { share: 2, of: 'crash' },
    { share: 1, of: 'freeze' },
    { share: 1, of: 'slow' },
  ],
}

function simulationOf(options: Options): Simulation {
  const { config, seed, requests, trouble } = options
  const settings = config === undefined ? undefined : settingsIn(config)
  const configured = settings?.upstreams.map(machineFor)
  const simulation: Simulation = {
    seed,
    requests,
    workload: {
      ...usualWorkload,
      ...(settings === undefined ? {} : askedOf(settings)),
      arrivals: arrivalsFor(options),
    },
    ...(settings === undefined || configured === undefined
      ? {}
      : { fleet: configured, settings: movedIn(settings, configured) }),
  }
  return trouble === true ? { ...simulation, outages, faults } : simulation
}

function settingsIn(file: string): Settings {
  try {
    return settingsOf(loadConfigFile(file, { env: process.env }).config)
  } catch (error) {
    return explain(error)
  }
}

/** Everyone who is configured asks, and every model that is served is asked for, in equal shares. */
function askedOf({ upstreams, callers }: Settings): Pick<Workload, 'callers' | 'models'> {
  const names = new Set(upstreams.flatMap(({ serve, context }) => [...(serve?.keys() ?? context.keys())]))
  if (names.size === 0) names.add(usualModel)
  const known = callers.map(({ caller: { id: name, weight, priority, cloud, models } }) => ({
    share: 1,
    of: { name, weight, priority, cloud, models, patienceMs: undefined } satisfies SimCaller,
  }))
  return { callers: known.length > 0 ? known : usualCallers, models: Array.from(names, (of) => ({ share: 1, of })) }
}

function arrivalsFor({ workload = 'poisson', trace, rate }: Options): Workload['arrivals'] {
  if (trace !== undefined) return { type: 'trace', rows: readTrace(readFileSync(trace, 'utf8')), perSecond: rate }
  return workload === 'bursts' ? bursts(rate ?? 3) : poisson(rate ?? 3)
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It has to be a whole number.')
  return value
}

function count(text: string): number {
  const value = wholeNumber(text)
  if (value < 1) throw new InvalidArgumentError('It has to be at least 1.')
  return value
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0) || value === Infinity) throw new InvalidArgumentError('It has to be a number above 0.')
  return value
}
