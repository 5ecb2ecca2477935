import { Command } from 'commander'
import { ConfigFault } from '../../config/problem.ts'
import { count, positive, wholeNumber } from '../simulate-options.ts'
import { interrupted, untilInterrupted } from '../interrupt.ts'
import { Redrawn } from '../redrawn.ts'
import { explain } from '../sources.ts'
import { WriteFault } from '../write-file.ts'
import { makeFolder, writeReport } from './files.ts'
import { openSite } from './open.ts'
import { BenchFault, type BenchOptions, duration, httpUrl, scenarioNames } from './options.ts'
import { commandOf, reportOf } from './report.ts'
import { type Audience, play } from './run.ts'
import { linesOf } from './terminal.ts'

export function benchCommand(): Command {
  return new Command('bench')
    .description(
      'Measures your own servers, with the gateway and without: alone, more and more at once, and when it is too much.',
    )
    .option('-c, --config <file>', 'the configuration; spillway.yaml in this folder by default')
    .option('--url <url>', 'a gateway that runs somewhere, by itself alone', httpUrl)
    .option('--own', 'a gateway of its own, although one runs here by this configuration')
    .option('--key <key>', 'of a gateway that wants one')
    .option('--model <name>', 'which model; by default one that is in memory')
    .option('--scenario <names>', 'single, steps, burst, overload; all of them by default', scenarioNames)
    .option('--seconds <n>', 'how long each is measured, and each way', positive, 20)
    .option('--max <n>', 'no more than so many at once', count, 16)
    .option('--patience <time>', 'a first token that comes later is of no use: 8s (queue.patience)', duration)
    .option('--prompt-tokens <n>', 'how long questions are, about', count, 256)
    .option('--output-tokens <n>', 'how long answers are, about', count, 64)
    .option('--no-direct', 'only through the gateway')
    .option('--paid <dollars>', 'servers that cost money are asked too, for so much at most', positive)
    .option('--seed <n>', 'where chance begins', wholeNumber, 1)
    .option('--out <folder>', 'write report.md, report.json and pictures there')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway bench\n  spillway bench --scenario burst --model llama3.1:8b\n' +
        '  spillway bench --seconds 60 --out bench-results\n  spillway bench --url http://gateway:11400 --key KEY\n\n' +
        'Asks the gateway that runs by the configuration, or one of its own where none runs, and the same servers without it.\n' +
        'Ctrl-C ends it and tells what is known so far.\n' +
        'Ends with 0 when all was measured, with 1 when it could not be, and with 130 after Ctrl-C.\n',
    )
    .action(bench)
}

async function bench(options: BenchOptions): Promise<void> {
  const line = new Redrawn(process.stderr)
  await untilInterrupted(line, async (signal) => {
    try {
      await measure(options, { signal, line })
    } catch (error) {
      line.clear()
      if (error instanceof ConfigFault) explain(error)
      if (!(error instanceof BenchFault || error instanceof WriteFault)) throw error
      console.error(error.message)
      process.exitCode = 1
    }
    if (signal.aborted) process.exitCode = interrupted
  })
}

async function measure(options: BenchOptions, { signal, line }: Audience): Promise<void> {
  const { json, out, seed } = options
  const site = await openSite(options)
  try {
    if (out !== undefined) makeFolder(out)
    const played = await play(site, options, { signal, line })
    line.clear()
    const command = commandOf(process.argv.slice(2), seed)
    const report = reportOf({ site, options, played, isWhole: !signal.aborted, command })
    const written = out === undefined ? [] : writeReport(report, out)
    if (json === true) console.log(JSON.stringify(report))
    else {
      for (const text of linesOf(report, process.stdout.columns ?? 80)) console.log(text)
      if (written.length > 0) console.log(`Written: ${written.join(', ')}.`)
    }
  } finally {
    await site.close()
  }
}
