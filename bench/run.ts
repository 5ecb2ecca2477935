/** The one command: everything that is told about Spillway in numbers, measured on this machine. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parts } from './parts.ts'
import { contradictions } from './report/conclusion.ts'
import { thisMachine, versionsHere } from './report/machine.ts'
import { markdownOf, verdictLine } from './report/markdown.ts'
import type { Part } from './report/part.ts'
import { publish } from './report/publish.ts'
import { conclusionsOf, isSurprise, jsonOf, type Report, reportIn } from './report/report.ts'
import { progress } from './report/progress.ts'
import { Troupe } from './report/troupe.ts'

const usage = `Measures everything that is told about Spillway, in about twenty minutes on two cores, and writes one report.

  npm run bench -- [options]

  --part a,b          only these: ${parts.map(({ name }) => name).join(', ')}
  --quick             whether everything works, in some minutes; no figure means anything
  --seeds 901-903     in place of those of each part
  --out DIR           where the report goes (bench/out): report.md, report.json, and its pictures
  --against FILE      the report.json of another run: which conclusions differ
  --publish           the figures go to docs/benchmarks and into the marked places of README.md and docs/benchmarks.md
  --json              the report on the standard output, for programs

  --ci                a short slice, held against bench/bands.json
  --scenario a,b      only these of the overhead, with options of their own, as
                      node bench/overhead/main.ts --help tells

Linux is needed, and nginx, haproxy, taskset and a real llama-server for the parts that ask for them; what is not here is named
in the report as not measured. It ends with 1 when a bar is missed that is not known to be.`

const args = process.argv.slice(2)
if (args.includes('--scenario')) await import('./overhead/main.ts')
else if (args.includes('--ci')) await import('./ci.ts')
else await report()

function give(text: string, code: number): never {
  console.error(text)
  process.exit(code)
}

async function report(): Promise<void> {
  const { values } = parseArgs({
    options: {
      part: { type: 'string' },
      quick: { type: 'boolean', default: false },
      seeds: { type: 'string' },
      out: { type: 'string', default: join(import.meta.dirname, 'out') },
      against: { type: 'string' },
      publish: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) give(usage, 0)
  if (values.publish && values.quick) give('The figures of a quick run mean nothing, and nobody should read them.', 2)
  const wanted = values.part?.split(',')
  const unknown = wanted?.find((name) => parts.every((part) => part.name !== name))
  if (unknown !== undefined) give(`There is no part ${unknown}.\n\n${usage}`, 2)
  const beganAt = performance.now()
  const troupe = new Troupe({ quick: values.quick, seeds: seedsIn(values.seeds) }, progress(process.stderr))
  const played = await troupe.play(parts.filter(({ name }) => wanted?.includes(name) ?? true))
  const made: Report = {
    madeAt: new Date().toISOString(),
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    tookMs: Math.round(performance.now() - beganAt),
    isQuick: values.quick,
    machine: thisMachine(),
    versions: versionsHere(),
    parts: played,
  }
  write(made, values.out)
  if (values.publish) publish(made)
  if (values.json) process.stdout.write(jsonOf(made))
  else for (const part of played) tell(part)
  const differing = values.against === undefined ? [] : differences(made, values.against)
  for (const difference of differing) console.error(`differs: ${difference}`)
  console.error(`${join(values.out, 'report.md')}, after ${(made.tookMs / 60_000).toFixed(1)} minutes`)
  const isBad = values.quick ? played.some(saidNothing) : conclusionsOf(made).some(isSurprise)
  process.exit(isBad || differing.length > 0 ? 1 : 0)
}

function seedsIn(text: string | undefined): readonly [number, number] | undefined {
  if (text === undefined) return undefined
  const [first = NaN, last = first] = text.split('-').map(Number)
  return Number.isInteger(first) && last >= first
    ? [first, last]
    : give(`--seeds takes 901 or 901-903, not ${text}.`, 2)
}

function write(made: Report, folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'report.md'), markdownOf(made))
  writeFileSync(join(folder, 'report.json'), jsonOf(made))
  for (const { name, svg } of made.parts.flatMap(({ plots }) => plots)) writeFileSync(join(folder, `${name}.svg`), svg)
}

function tell({ title, conclusions, notMeasured }: Part): void {
  console.log(`\n${title}`)
  for (const conclusion of conclusions) console.log(`  ${verdictLine(conclusion)}`)
  for (const why of notMeasured) console.log(`  not measured: ${why}`)
}

function saidNothing({ tables, notMeasured }: Part): boolean {
  return tables.length === 0 && notMeasured.length === 0
}

function differences(made: Report, file: string): readonly string[] {
  if (!existsSync(file)) give(`${file} is not there.`, 2)
  return contradictions(conclusionsOf(made), conclusionsOf(reportIn(readFileSync(file, 'utf8'))))
}
