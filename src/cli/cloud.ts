import { Argument, Command } from 'commander'
import { userInfo } from 'node:os'
import { switchText } from '../accounts/cloud-switch.ts'
import type { Config } from '../config/schema.ts'
import { doorsOf } from '../config/settings.ts'
import type { CloudState } from '../core/notes.ts'
import { BookNotes } from '../ledger/book-notes.ts'
import { callAdmin, complaintOf } from './admin-call.ts'
import { withBooks } from './books.ts'
import { configOf } from './sources.ts'

interface CloudOptions {
  readonly config?: string
  readonly reason?: string
  readonly json?: true
}

interface Told {
  readonly open: boolean
  /** By the configuration. */
  readonly enabled: boolean
  readonly reason: string | null
  readonly by: string | null
  readonly at: string | null
}

export function cloudCommand(): Command {
  return new Command('cloud')
    .description('Closes and opens the way to all servers that cost money, for all gateways that share the ledger.')
    .addArgument(
      new Argument('[what]', 'off closes it, on opens it again').choices(['off', 'on', 'status']).default('status'),
    )
    .option('-c, --config <file>', 'the configuration; spillway.yaml in this folder by default')
    .option('--reason <text>', 'why; shown wherever it is seen that it is closed')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway cloud\n  spillway cloud off --reason "the bill of yesterday"\n  spillway cloud on\n\n' +
        'It counts within a second, and stays as it is over restarts. Answers that are under way there run on.\n' +
        'Works whether a gateway runs or not.\n',
    )
    .action(cloud)
}

async function cloud(what: 'off' | 'on' | 'status', { config: named, reason, json }: CloudOptions): Promise<void> {
  const config = configOf(named)
  const wish = what === 'status' ? undefined : { open: what === 'on', ...(reason !== undefined && { reason }) }
  // A gateway that runs is asked; else it is the books that the next one to start will read.
  const answer = await callAdmin(doorsOf(config), '/api/cloud', wish)
  if (answer !== undefined && answer.status !== 200) {
    console.error(complaintOf(answer))
    process.exit(1)
  }
  const told = (answer?.json as Told | undefined) ?? (await inBooks(config, wish))
  console.log(json === true ? JSON.stringify(told) : sentenceOf(told))
}

function inBooks(config: Config, wish: Pick<CloudState, 'open' | 'reason'> | undefined): Promise<Told> {
  return withBooks(config, async (books) => {
    const notes = new BookNotes(books)
    if (wish !== undefined) await notes.setCloud({ ...wish, by: `cli:${userInfo().username}`, at: Date.now() })
    const state = await notes.cloud()
    const { enabled } = config.cloud
    const open = enabled && state?.open !== false
    const at = state === undefined ? null : new Date(state.at).toISOString()
    return { open, enabled, reason: state?.reason ?? null, by: state?.by ?? null, at }
  })
}

function sentenceOf({ open, enabled, reason, by, at }: Told): string {
  if (!enabled) return 'The cloud is closed: cloud.enabled is false in the configuration.'
  if (by === null || at === null) return 'The cloud is open.'
  return switchText({ open, by, at: Date.parse(at), reason: reason ?? undefined })
}
