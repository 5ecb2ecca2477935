import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { BooksFault } from './books.ts'
import { headFile, readHead } from './head.ts'
import { verifyAudit, type AuditVerdict } from './jobs/audit.ts'
import { migrations, refuseNewer, versionIn } from './migrations.ts'
import { Connection } from './sqlite-connection.ts'
import { verifyWhole, wholeChain, type ChainVerdict } from './verify-chain.ts'
import { verifyFiles, type FilesVerdict, type Problem } from './verify-files.ts'
import { verifySpan, type Noted, type Span } from './verify-span.ts'
import type { StretchOfFile } from './verify-thread.ts'

export interface Verdict {
  readonly problems: readonly Problem[]
  readonly files: FilesVerdict
  /** Undefined where the file could not be read that far. */
  readonly chain: ChainVerdict | undefined
  /** Of who changed what. */
  readonly audit: AuditVerdict | undefined
}

/**
 * Compares every byte of the ledger in a file with what was written there, and every row with the rows before it. It changes
 * nothing, and may be done while a gateway writes or after one was killed. `noted` are places that somebody has noted
 * elsewhere: against whoever can write in the folder, these are the only proof.
 */
export async function verifyFile(path: string, noted: readonly Noted[] = []): Promise<Verdict> {
  const problems: Problem[] = []
  const places = [...noted, ...noteHere(path, problems)]
  let connection: Connection | undefined
  let files: FilesVerdict
  let chain: ChainVerdict | undefined
  let audit: AuditVerdict | undefined
  try {
    connection = look(path, problems)
    files = verifyFiles(path)
    problems.push(...files.problems)
    if (connection !== undefined && problems.length === 0) {
      refuseOther(connection.run(versionIn()))
      const spans = await spansOf(path, connection, places)
      chain = connection.run(verifyWhole(spans, places))
      audit = connection.run(verifyAudit())
    }
  } catch (error) {
    problems.push(unreadable(path, error))
    files ??= { problems: [], pages: 0, frames: 0, since: undefined }
  } finally {
    connection?.close()
  }
  problems.push(...problemsOf(path, chain, audit))
  return { problems, files, chain, audit }
}

/** Of both chains, in a database of that name. */
export function problemsOf(
  file: string,
  chain: ChainVerdict | undefined,
  audit: AuditVerdict | undefined,
): readonly Problem[] {
  const problems = chain?.problems.map((problem) => ({ file, ...problem })) ?? []
  if (audit?.why !== undefined) problems.push({ file, where: `line ${audit.brokenAt} of the audit`, what: audit.why })
  return problems
}

/** What is in the tables of another version is for another program to judge. */
function refuseOther(version: number): void {
  refuseNewer(version, migrations.length)
  if (version === migrations.length) return
  throw new BooksFault('wrong', `It is of the earlier version ${version}: start the gateway once, and look again.`)
}

/** As long as it looks, pages that it sees stay where they are. */
function look(path: string, problems: Problem[]): Connection | undefined {
  let connection: Connection | undefined
  try {
    connection = new Connection(path, { readOnly: true })
    connection.db.exec('BEGIN; SELECT 1 FROM sqlite_schema')
    return connection
  } catch (error) {
    problems.push(unreadable(path, error))
    connection?.close()
    return undefined
  }
}

/** A thread costs as much as a hundred thousand rows are worth. */
const rowsPerThread = 100_000

async function spansOf(path: string, connection: Connection, noted: readonly Noted[]): Promise<readonly Span[]> {
  const whole = connection.run(wholeChain())
  const parts = Math.min(availableParallelism(), 8, Math.floor((whole.to - whole.from) / rowsPerThread))
  if (parts < 2) return [connection.run(verifySpan(whole, noted))]
  const borders = Array.from(
    { length: parts + 1 },
    (_, i) => whole.from + Math.round(((whole.to - whole.from) * i) / parts),
  )
  return Promise.all(borders.slice(1).map((to, i) => inThread({ path, stretch: { from: borders[i]!, to }, noted })))
}

function inThread(order: StretchOfFile): Promise<Span> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(entry, { workerData: order, execArgv: [], env: {} })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

/** Beside this file, whether it runs as it was written or as it was built. */
const entry = new URL(import.meta.url.endsWith('.ts') ? './verify-thread.ts' : './verify-thread.js', import.meta.url)

/** How far the chain had come by the note beside the file. */
function noteHere(path: string, problems: Problem[]): readonly Noted[] {
  const file = headFile(path)
  if (!existsSync(file)) {
    problems.push({ file, where: 'all of it', what: 'is not there' })
    return []
  }
  try {
    const noted = readHead(path)
    return noted === undefined ? [] : [noted]
  } catch (error) {
    problems.push({ file, where: 'all of it', what: (error as Error).message })
    return []
  }
}

const unreadable = (file: string, error: unknown): Problem => ({
  file,
  where: 'all of it',
  what: `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
})
