import { Command, InvalidArgumentError } from 'commander'
import { auditView } from '../http/admin-audit.ts'
import type { ListedAudit } from '../ledger/jobs/audit.ts'
import { withBooks } from './books.ts'
import { configOf } from './sources.ts'

interface AuditOptions {
  readonly config?: string
  readonly since?: number
  readonly until?: number
  readonly action?: string
  readonly limit: number
  readonly json?: true
}

export function auditCommand(): Command {
  return new Command('audit')
    .description(
      'Who changed what: keys, configuration, models in memory, the cloud. The oldest of what is asked for first.',
    )
    .option('-c, --config <file>', 'the configuration; spillway.yaml in this folder by default')
    .option('--since <when>', '12h, 7d, a day or a time', readWhen)
    .option('--until <when>', 'the same', readWhen)
    .option('--action <prefix>', 'as in "key." or "cloud."')
    .option('--limit <number>', 'at most so many, the latest', readLimit, 1_000)
    .option('--json', 'a line of JSON each')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway audit\n  spillway audit --since 7d --action key.\n  spillway audit --json > audit.jsonl\n\n' +
        'Reads the ledger itself, whether a gateway runs or not. "spillway ledger verify" tells whether any line was changed.\n',
    )
    .action(audit)
}

async function audit({ config: named, since, until, action, limit, json }: AuditOptions): Promise<void> {
  const config = configOf(named)
  const query = { since, until, actionPrefix: action, most: limit }
  const rows = await withBooks(config, (books) => books.run('listAudit', query))
  for (const row of rows.toReversed()) console.log(json === true ? JSON.stringify(auditView(row)) : lineOf(row))
  if (rows.length === 0 && json !== true) console.log('Nothing was changed.')
}

/** `2026-01-31 12:00:00  cli:ann  key.create  k3f9…  ok`. */
function lineOf({ at, actor, source, action, subject, before, after, detail, result }: ListedAudit): string {
  const who = source === undefined ? actor : `${actor} from ${source}`
  const turn = [before, after].every((one) => one === undefined) ? '' : `${short(before)} → ${short(after)}`
  const when = new Date(at).toISOString().replace('T', ' ').slice(0, 19)
  return [when, who, action, subject, turn, detail ?? '', result]
    .filter((word) => word !== '')
    .map(plain)
    .join('  ')
}

/** A hash is known by its beginning. */
const short = (text: string | undefined): string => (text === undefined ? '–' : text.slice(0, 12))

/** What somebody chose as a name is read in a terminal, which would obey it. */
// oxlint-disable-next-line no-control-regex
const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '?')

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

function readWhen(text: string): number {
  const [, count, unit = ''] = /^(\d+)([mhdw])$/.exec(text) ?? []
  const ms = count === undefined ? Date.parse(text) : Date.now() - Number(count) * unitMs[unit]!
  if (!Number.isSafeInteger(ms))
    throw new InvalidArgumentError('Write a date, as in 2026-01-31, or how long ago, as in 7d.')
  return ms
}

function readLimit(text: string): number {
  const limit = Number(text)
  if (!Number.isSafeInteger(limit) || limit < 1) throw new InvalidArgumentError('It has to be a whole number above 0.')
  return limit
}
