import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { backUp } from '../ledger/backup.ts'
import { PostgresBooks } from '../ledger/postgres-books.ts'
import { verifyFile, type Verdict } from '../ledger/verify.ts'
import type { Noted } from '../ledger/verify-chain.ts'
import { type BooksConfig, withBooks } from './books.ts'
import { dataDirOf } from './data-dir.ts'
import { configFile, explain, readSource } from './sources.ts'

interface ConfigOption {
  readonly config?: string
}

interface VerifyOptions extends ConfigOption {
  readonly json?: true
  readonly noted?: Noted
}

const configFlag = ['-c, --config <file>', 'the configuration; spillway.yaml in this folder by default'] as const

export function ledgerCommand(): Command {
  return new Command('ledger')
    .description('Looks after what was taken down of every request: who, what, how much.')
    .addCommand(verifyCommand())
    .addCommand(backupCommand())
    .addCommand(purgeCommand())
}

const verifyCommand = (): Command =>
  new Command('verify')
    .description('Finds whatever was changed in the ledger since it was written, by hand or by a failing disk.')
    .option(...configFlag)
    .option('--json', 'for programs')
    .option(
      '--noted <seq:hash>',
      'a row that an earlier look named as the last: proves that all up to it is as it was',
      notedIn,
    )
    .addHelpText(
      'after',
      '\nExamples:\n  spillway ledger verify\n  spillway ledger verify --json\n\n' +
        'Works while a gateway runs. Ends with 0 when all is as it was written, and with 1 when something is not.\n',
    )
    .action(verify)

const backupCommand = (): Command =>
  new Command('backup')
    .description('Copies the ledger into a file, while a gateway writes.')
    .argument('<file>', 'ends in .db; a .sums and a .head are put beside it')
    .option(...configFlag)
    .addHelpText('after', '\nExamples:\n  spillway ledger backup /backups/ledger-2026-11-21.db\n')
    .action(backup)

const purgeCommand = (): Command =>
  new Command('purge')
    .description('Forgets who a caller was. What it used stays in the sums, under a number that leads back to nobody.')
    .requiredOption('--caller <name>', 'whom to forget')
    .option(...configFlag)
    .addHelpText('after', '\nExamples:\n  spillway ledger purge --caller alice\n')
    .action(purge)

async function verify({ config, json, noted }: VerifyOptions): Promise<void> {
  const place = await placeOf(config)
  const wanted = noted === undefined ? [] : [noted]
  const verdict =
    place.url === undefined ? verifyFile(thereIs(place.path), wanted) : await verifyThere(place.url, wanted)
  if (json === true) console.log(JSON.stringify(verdictView(verdict), undefined, 2))
  else for (const line of linesOf(verdict)) console.log(line)
  if (verdict.problems.length > 0) process.exitCode = 1
}

/** In PostgreSQL the rows are ours to prove, and the files are not. */
async function verifyThere(url: string, noted: readonly Noted[]): Promise<Pick<Verdict, 'problems' | 'chain'>> {
  const books = new PostgresBooks(url)
  try {
    const chain = await books.run('verifyChain', noted)
    return { problems: chain.problems.map((problem) => ({ file: 'PostgreSQL', ...problem })), chain }
  } finally {
    await books.close()
  }
}

type Looked = Pick<Verdict, 'problems' | 'chain'> & Partial<Verdict>

function verdictView({ problems, chain, files }: Looked) {
  const { rows, retired, seq, hash } = chain ?? {}
  return {
    sound: problems.length === 0,
    problems,
    rows,
    retired,
    last: seq === undefined ? undefined : { seq, hash },
    pages: files?.pages,
    frames: files?.frames,
  }
}

function linesOf({ problems, chain, files }: Looked): string[] {
  if (problems.length > 0 || chain === undefined)
    return [
      'The ledger is not as it was written:',
      ...problems.map(({ file, where, what }) => `  ${file}: ${where} ${what}`),
    ]
  const { rows, retired, seq, hash } = chain
  const pages = files === undefined ? '' : `, and ${counted(files.pages, 'page')} of its file`
  const older = retired === 0 ? '' : ` (${counted(retired, 'older row')} were added up and let go)`
  return [
    `The ledger is as it was written: ${counted(rows, 'row')}${older}${pages}.`,
    ...(seq === 0 ? [] : [`The last is ${seq}:${hash}; note it elsewhere, and --noted proves it later.`]),
  ]
}

const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`

async function backup(file: string, { config }: ConfigOption): Promise<void> {
  const { url, path } = await placeOf(config)
  if (url !== undefined) return fail('PostgreSQL has tools of its own for this: pg_dump, pg_basebackup.')
  if (!file.endsWith('.db')) return fail(`${file} has to end in .db.`)
  if (existsSync(file)) return fail(`${file} is there already.`)
  backUp(thereIs(path), file)
  const { chain } = verifyFile(file)
  console.log(`${file}: ${counted(chain?.rows ?? 0, 'row')}.`)
}

async function purge({ caller, config }: ConfigOption & { readonly caller: string }): Promise<void> {
  const read = await configOf(config)
  const forgotten = await withBooks(read, (books) => books.run('purge', caller))
  if (!forgotten) return fail(`Nobody of the name ${caller} is in the ledger.`)
  console.log(`${caller} is forgotten. What was used stays in the sums.`)
}

/** Where the ledger is. */
async function placeOf(
  config: string | undefined,
): Promise<{ readonly url: string | undefined; readonly path: string }> {
  const read = await configOf(config)
  return { url: read.ledger?.url, path: join(dataDirOf(read.data_dir), 'ledger.db') }
}

/** Without a file, what goes by default; no server has to be there for it. */
async function configOf(named: string | undefined): Promise<BooksConfig> {
  if (configFile(named) === undefined) return { ledger: {} }
  return (await readSource(named).catch(explain)).config
}

function thereIs(path: string): string {
  return existsSync(path) ? path : fail(`There is no ledger at ${path}: no gateway has run with this configuration.`)
}

function fail(text: string): never {
  console.error(text)
  process.exit(1)
}

function notedIn(text: string): Noted {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? []
  if (seq === undefined || hash === undefined)
    throw new InvalidArgumentError('It looks like 1234:5f3a…, as an earlier look named it.')
  return { seq: Number(seq), hash }
}
