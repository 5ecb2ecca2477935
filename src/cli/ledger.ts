import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { backUp } from '../ledger/backup.ts'
import { type Books, BooksFault } from '../ledger/books.ts'
import { PostgresBooks } from '../ledger/postgres-books.ts'
import { SqliteBooks } from '../ledger/sqlite.ts'
import { verifyFile, type Verdict } from '../ledger/verify.ts'
import type { Noted } from '../ledger/verify-span.ts'
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
    place.url === undefined ? await verifyFile(thereIs(place.path), wanted) : await verifyThere(place, wanted)
  if (json === true) console.log(JSON.stringify(verdictView(verdict), undefined, 2))
  else for (const line of linesOf(verdict)) console.log(line)
  if (verdict.problems.length > 0) process.exitCode = 1
}

/** In PostgreSQL the rows are ours to prove, and the files are not. */
async function verifyThere(place: Place, noted: readonly Noted[]): Promise<Looked> {
  const chain = await withBooks(place, (books) => books.run('verifyChain', noted))
  return { problems: chain.problems.map((flaw) => ({ file: 'PostgreSQL', ...flaw })), chain }
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
  const { seq, hash } = backUp(thereIs(path), file)
  console.log(`${file} ends with ${seq}:${hash}.`)
}

async function purge({ caller, config }: ConfigOption & { readonly caller: string }): Promise<void> {
  const isForgotten = await withBooks(await placeOf(config), (books) => books.run('purge', caller))
  if (!isForgotten) return fail(`Nobody of the name ${caller} is in the ledger.`)
  console.log(`${caller} is forgotten. What was used stays in the sums.`)
}

interface Place {
  readonly url: string | undefined
  readonly path: string
}

/** Where the ledger is. Without a configuration it is where it is by default; no server has to be there for it. */
async function placeOf(named: string | undefined): Promise<Place> {
  const config = configFile(named) === undefined ? undefined : (await readSource(named).catch(explain)).config
  return { url: config?.ledger.url, path: join(dataDirOf(config?.data_dir), 'ledger.db') }
}

/** What is wrong with the books is told in a sentence. */
async function withBooks<T>({ url, path }: Place, act: (books: Books) => Promise<T>): Promise<T> {
  const books = url === undefined ? new SqliteBooks(thereIs(path)) : new PostgresBooks(url)
  try {
    return await act(books)
  } catch (error) {
    if (!(error instanceof BooksFault)) throw error
    return fail(error.message)
  } finally {
    await books.close()
  }
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
