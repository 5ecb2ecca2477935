import { existsSync } from 'node:fs'
import { headFile, readHead } from './head.ts'
import { Connection } from './sqlite-connection.ts'
import { verifyChain, type ChainVerdict, type Noted } from './verify-chain.ts'
import { verifyFiles, type FilesVerdict, type Problem } from './verify-files.ts'

export interface Verdict {
  readonly problems: readonly Problem[]
  readonly files: FilesVerdict
  /** Undefined where the file could not be read that far. */
  readonly chain: ChainVerdict | undefined
}

/**
 * Compares every byte of the ledger in a file with what was written there, and every row with the rows before it. It changes
 * nothing, and may be done while a gateway writes or after one was killed. `noted` are places that somebody has noted
 * elsewhere: against whoever can write in the folder, these are the only proof.
 */
export function verifyFile(path: string, noted: readonly Noted[] = []): Verdict {
  const problems: Problem[] = []
  const here = noteHere(path, problems)
  let connection: Connection | undefined
  try {
    // As long as it looks, pages that it sees stay where they are.
    connection = new Connection(path, { readOnly: true })
    connection.db.exec('BEGIN; SELECT 1 FROM sqlite_schema')
  } catch (error) {
    problems.push(unreadable(path, error))
  }
  const files = verifyFiles(path)
  problems.push(...files.problems)
  let chain: ChainVerdict | undefined
  try {
    if (problems.length === 0) chain = connection?.run(verifyChain([...noted, ...here]))
  } catch (error) {
    problems.push(unreadable(path, error))
  } finally {
    connection?.close()
  }
  for (const { where, what } of chain?.problems ?? []) problems.push({ file: path, where, what })
  return { problems, files, chain }
}

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
