import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { audited } from '../core/change.ts'
import { realWorld } from '../http/world.ts'
import { Audit } from '../ledger/audit.ts'
import { backUp } from '../ledger/backup.ts'
import type { Noted } from '../ledger/verify-chain.ts'
import { forget } from '../recording/forget.ts'
import { recordingsIn } from '../recording/shelf.ts'
import { problemsOf, verifyFile, type Verdict } from '../ledger/verify.ts'
import { type BooksConfig, haveBooks, withBooks } from './books.ts'
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
    .description('Looks after what is taken down of every request: who, what, how much.')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway ledger verify\n  spillway ledger backup /backups/ledger-2026-11-21.db\n' +
        '  spillway ledger purge --caller alice\n',
    )
    .addCommand(verifyCommand())
    .addCommand(backupCommand())
    .addCommand(purgeCommand())
}

const verifyCommand = (): Command =>
  new Command('verify')
    .description('Finds whatever was changed in the ledger since it was written, by hand or by a failing disk.')
    .option(...configFlag)
    .option('--json', 'for programs')
    .option('--noted <row:hash>', 'what an earlier look named as the last: proves all up to it', notedIn)
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
    .description('Forgets who a caller was. What it used stays in the sums, under an id that leads back to nobody.')
    .requiredOption('--caller <name>', 'whom to forget')
    .option(...configFlag)
    .addHelpText('after', '\nExamples:\n  spillway ledger purge --caller alice\n')
    .action(purge)

async function verify({ config: named, json, noted }: VerifyOptions): Promise<void> {
  const config = await configOf(named)
  const found = await look(config, noted === undefined ? [] : [noted])
  if (json === true) console.log(JSON.stringify(viewOf(found), undefined, 2))
  else for (const line of linesOf(found)) console.log(line)
  if (found.problems.length > 0) process.exitCode = 1
}

type Found = Omit<Verdict, 'files'> & Partial<Pick<Verdict, 'files'>>

async function look(config: BooksConfig, noted: readonly Noted[]): Promise<Found> {
  const { url } = config.ledger ?? {}
  if (url === undefined) return verifyFile(ledgerFile(config), noted)
  // The rows are ours to prove there, and the files are not.
  return withBooks(config, async (books) => {
    const chain = await books.run('verifyChain', noted)
    const audit = await books.run('verifyAudit')
    return { problems: problemsOf('PostgreSQL', chain, audit), chain, audit }
  })
}

function viewOf({ problems, chain, audit, files }: Found) {
  const { rows, retired, seq, hash } = chain ?? {}
  return {
    sound: problems.length === 0,
    problems,
    rows,
    retired,
    last: seq === undefined ? undefined : { row: seq, hash },
    audit_lines: audit?.rows,
    pages: files?.pages,
    frames: files?.frames,
  }
}

function linesOf({ problems, chain, audit, files }: Found): string[] {
  if (problems.length > 0 || chain === undefined)
    return [
      'The ledger is not as it was written:',
      ...problems.map(({ file, where, what }) => `  ${file}: ${where} ${what}`),
    ]
  const { rows, retired, seq, hash } = chain
  const parts = [counted(rows, 'row'), `${counted(audit?.rows ?? 0, 'line')} of the audit`]
  if (files !== undefined) parts.push(`${counted(files.pages, 'page')} of the file`)
  return [
    `The ledger is as it was written: ${parts.join(', ')}.`,
    ...(retired === 0 ? [] : [`The rows up to ${retired} were added up and let go.`]),
    ...(seq === 0 ? [] : [`The last is ${seq}:${hash}; note it elsewhere, and --noted proves it later.`]),
  ]
}

const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`

async function backup(file: string, { config: named }: ConfigOption): Promise<void> {
  const config = await configOf(named)
  if (config.ledger?.url !== undefined) return fail('PostgreSQL has tools of its own for this: pg_dump, pg_basebackup.')
  if (!file.endsWith('.db')) return fail(`${file} has to end in .db.`)
  if (existsSync(file)) return fail(`${file} is there already.`)
  const { seq, hash } = backUp(ledgerFile(config), file)
  console.log(`${file} ends with row ${seq}:${hash}.`)
}

async function purge({ caller, config: named }: ConfigOption & { readonly caller: string }): Promise<void> {
  const config = await configOf(named)
  if (!haveBooks(config)) return fail(nobody(caller))
  const id = await withBooks(config, async (books) => {
    const audit = new Audit({ books, world: realWorld({ connectMs: 1_000 }), emit: () => {} })
    const intent = { actor: `cli:${userInfo().username}`, action: 'ledger.purge', subject: 'caller' }
    // The audit names the id alone: it is kept longer than the name may be.
    const done = await audited(
      audit,
      intent,
      () => books.run('purge', caller),
      (forgotten) => ({ subject: forgotten ?? 'nobody' }),
    )
    await audit.close()
    return done
  })
  const { files, left } = forget(recordingsIn(dataDirOf(config.data_dir)), caller, id ?? '(forgotten)', Date.now())
  if (id !== null) console.log(`${caller} is forgotten. What was used stays in the sums, under ${id}.`)
  else if (files === 0 && left.length === 0) return fail(nobody(caller))
  if (files > 0) console.log(`Recordings that had the name: ${files}. They have it no more.`)
  for (const file of left)
    console.log(`${file} still has the name: a gateway writes to it. Purge again when it has ended, or after midnight.`)
}

const nobody = (caller: string): string => `Nobody of the name ${caller} is in the ledger.`

/** Without a file, what goes by default; no server has to be there for it. */
const configOf = async (named: string | undefined): Promise<BooksConfig> =>
  configFile(named) === undefined ? {} : (await readSource(named).catch(explain)).config

/** It is there: to look into it should not make it. */
function ledgerFile(config: BooksConfig): string {
  const path = join(dataDirOf(config.data_dir), 'ledger.db')
  if (!haveBooks(config)) return fail(`There is no ledger at ${path}: no gateway has run with this configuration.`)
  return path
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
