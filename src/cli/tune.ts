import { Command, InvalidArgumentError } from 'commander'
import { ConfigFault } from '../config/problem.ts'
import type { Edited } from '../config/edit.ts'
import { writeConcurrency } from '../config/write.ts'
import { readDuration } from '../core/duration.ts'
import { count, positive } from './simulate-options.ts'
import { explain } from './sources.ts'
import { interrupted, untilInterrupted } from './interrupt.ts'
import { Redrawn } from './redrawn.ts'
import { findOut, type Wishes } from './tune-run.ts'
import { TuneFault } from './tune-server.ts'
import { jsonOf, linesOf } from './tune-view.ts'
import { placeFor, type Place } from './tune-place.ts'

interface TuneOptions extends Wishes {
  readonly config?: string
  readonly upstream?: string
  readonly url?: string
  readonly kind?: string
  readonly write?: true
  readonly json?: true
}

export function tuneCommand(): Command {
  return new Command('tune')
    .description('Finds out how many requests a server answers best at once, by asking it more and more of them.')
    .option('--upstream <name>', 'the server, as the configuration calls it; needless where there is only one')
    .option('-c, --config <file>', 'the configuration; spillway.yaml in this folder by default')
    .option('--url <url>', 'a server that stands in no configuration')
    .option('--kind <kind>', 'what it is: ollama, vllm, llamacpp, … (openai-compatible)')
    .option('--model <name>', 'which model; by default one that is in memory')
    .option('--prompt-tokens <n>', 'how long questions are, about', count, 256)
    .option('--output-tokens <n>', 'how long answers are, about', count, 64)
    .option('--max <n>', 'no more than so many at once', count, 64)
    .option('--seconds <n>', 'how long each number is measured (as long as it takes to know)', positive)
    .option('--first-token-max <time>', 'first tokens may take so long, but for one of twenty: 2s', duration)
    .option('--time-per-token-max <time>', 'and each token after it so long: 50ms', duration)
    .option('--paid', 'a server that costs money may be asked as well')
    .option('--write', 'write the answer into the configuration')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway tune --upstream gpu-1\n  spillway tune --upstream gpu-1 --write\n' +
        '  spillway tune --url http://127.0.0.1:8000 --kind vllm --prompt-tokens 2000 --first-token-max 2s\n\n' +
        'It loads the model, and stops at the first request that fails. Ctrl-C ends it and tells what is known so far.\n' +
        'Ends with 0 when it has an answer, with 1 when it has none, and with 130 after Ctrl-C.\n',
    )
    .action(run)
}

async function run(options: TuneOptions): Promise<void> {
  const { write, json } = options
  const line = new Redrawn(process.stderr)
  await untilInterrupted(line, async (signal) => {
    try {
      const place = await placeFor(options)
      if (write === true && place.file === undefined)
        throw new TuneFault('There is no configuration file to write to; leave out --write.')
      const tuned = await findOut(place, options, { signal, line })
      line.clear()
      const concurrency = signal.aborted ? undefined : tuned.tuning.best?.concurrency
      const edited = write === true && concurrency !== undefined ? writeTo(place, concurrency) : undefined
      if (json === true) console.log(JSON.stringify({ ...jsonOf(tuned), written: writtenView(place, edited) }))
      else {
        for (const text of linesOf(tuned, process.stdout.columns ?? 80)) console.log(text)
        for (const text of nextLines(place, concurrency, edited)) console.log(text)
      }
      process.exitCode = signal.aborted ? interrupted : tuned.tuning.best === undefined ? 1 : 0
    } catch (error) {
      line.clear()
      if (signal.aborted) process.exitCode = interrupted
      else if (error instanceof ConfigFault) explain(error)
      else if (error instanceof TuneFault) {
        console.error(error.message)
        process.exitCode = 1
      } else throw error
    }
  })
}

const writeTo = ({ file, upstream }: Place, concurrency: number): Edited =>
  writeConcurrency({ file: file!, env: process.env, upstream: upstream.name, concurrency })

const writtenView = ({ file }: Place, edited: Edited | undefined): object | null =>
  edited === undefined ? null : { file, line: edited.line, before: edited.before ?? null, after: edited.after }

/** What was done with the answer, or can be. */
function nextLines({ file, upstream }: Place, concurrency: number | undefined, edited: Edited | undefined): string[] {
  if (concurrency === undefined) return []
  if (edited !== undefined) {
    const { line, before, after } = edited
    if (before === after) return [`${file}:${line} says so already.`]
    return [
      `Written to ${file}:${line}. A gateway that runs by it takes it up by itself.`,
      ...(before === undefined ? [] : [`- ${before}`]),
      `+ ${after}`,
    ]
  }
  if (file === undefined || upstream.concurrency === concurrency) return []
  return [`${file} has concurrency: ${upstream.concurrency} there; --write sets it.`]
}

function duration(text: string): number {
  const ms = readDuration(text)
  if (ms === undefined || ms === 0) throw new InvalidArgumentError('It has to be a time: 500ms, 2s.')
  return ms
}
