import { Command, Option } from 'commander'
import { simulateDrawn } from './simulate-drawn.ts'
import {
  another,
  contradiction,
  count,
  isComparison,
  moreOf,
  positive,
  type SimulateOptions,
  wholeNumber,
} from './simulate-options.ts'
import { simulateFit } from './simulate-fit.ts'
import { simulatePlans } from './simulate-plans.ts'

export function simulateCommand(): Command {
  return new Command('simulate')
    .description(
      'Runs the gateway against simulated servers and callers in virtual time: the same seed gives the same history. ' +
        'What was recorded can be asked again of other servers, another configuration, other budgets.',
    )
    .option('-c, --config <file>', 'the fleet and the callers of a configuration; with --recording, what is tried')
    .option('--seed <n>', 'where chance begins', wholeNumber, 1)
    .option(
      '--requests <n>',
      'how many requests are made (1000); of more than 5000, answers are told in pieces, which is quicker',
      count,
    )
    .addOption(
      new Option(
        '--workload <kind>',
        'how requests come: by chance, in bursts, over the hours of one day, or as traced',
      ).choices(['poisson', 'bursts', 'day', 'trace']),
    )
    .option('--trace <file>', 'a recorded trace: Azure CSV or Mooncake JSON lines')
    .option('--rate <n>', 'requests per second on average (3, or as recorded)', positive)
    .option('--trouble', 'servers crash, stand still and grow slow, and answers break')
    .option('--recording [path]', 'what a gateway recorded: a file or a folder; its data folder by default')
    .option('--since <when>', 'of it, what came from then on: 12h, 7d, a day or a time')
    .option('--until <when>', 'the same; of a day, its end')
    .addOption(
      new Option('--more <name[=n]>', 'try it with one more server like that one, or n more')
        .argParser(moreOf)
        .default([], 'none'),
    )
    .addOption(
      new Option('--without <name>', 'try it without that server; both may be said several times')
        .argParser(another)
        .default([], 'none'),
    )
    .option('--machine-usd <dollars>', 'what one more machine costs, to say when it has paid for itself', positive)
    .option(
      '--machines <file>',
      'how fast the servers are, as --fit --save has written it; else as the recording shows',
    )
    .option('--fit [path]', 'only tells how fast the recorded servers are, beside what was measured')
    .option('--save <file>', 'with --fit: keeps that, for --machines')
    .option('--no-outages', 'servers do not go down when they did')
    .option('--no-advice', 'only what was asked is simulated, and not what else might help')
    .option('--json', 'the result as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway simulate\n  spillway simulate --requests 5000 --workload bursts --rate 8\n' +
        '  spillway simulate --requests 100000 --workload day\n' +
        '  spillway simulate --config spillway.yaml --trouble --seed 7\n  spillway simulate --trace azure.csv --json\n' +
        '  spillway simulate --recording --since 1d --more gpu-1 --machine-usd 1500\n' +
        '  spillway simulate --fit --since 1d --save machines.yaml\n',
    )
    .action(run)
}

async function run(options: SimulateOptions, command: Command): Promise<void> {
  const wrong = contradiction(options)
  if (wrong !== undefined) command.error(`error: ${wrong}`)
  if (options.fit !== undefined) await simulateFit(options)
  else await (isComparison(options) ? simulatePlans(options) : simulateDrawn(options))
}
