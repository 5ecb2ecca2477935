import { Command } from 'commander'
import { reportCsv, reportView } from '../accounts/report.ts'
import { type Period, reportQuery, type ReportWords } from '../accounts/report-query.ts'
import type { Config } from '../config/schema.ts'
import { Fault } from '../core/fault.ts'
import type { ReportRow } from '../core/ledger.ts'
import { type BooksConfig, haveBooks, withBooks } from './books.ts'
import { reportTable } from './report-table.ts'
import { configFile, explain, readSource } from './sources.ts'

interface ReportOptions extends ReportWords {
  readonly config?: string
  readonly csv?: true
  readonly json?: true
}

export function reportCommand(): Command {
  return new Command('report')
    .description('Says who asked how much of what, what it cost, and what the machines at home saved.')
    .option('--by <keys>', 'caller, key, team, model, upstream, dialect, hour, day, week, month (caller,model,day)')
    .option('--since <when>', '12h, 7d, 4w, a day or a time; days count with today (30d)')
    .option('--until <when>', 'the same; of a day, its end')
    .option('--caller <name>', 'only this one')
    .option('--csv', 'for spreadsheets')
    .option('--json', 'for programs')
    .option('-c, --config <file>', 'the configuration; spillway.yaml in this folder by default')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway report\n  spillway report --by caller --since 7d\n' +
        '  spillway report --by model,month --since 2026-01-01 --csv > models.csv\n\n' +
        'Reads the ledger itself, whether a gateway runs or not. A running one tells the same at /api/report.\n',
    )
    .action(report)
}

async function report(options: ReportOptions): Promise<void> {
  const config = await configOf(options)
  const period = periodOf(options, config)
  // To look for something is not to begin a ledger.
  const rows = haveBooks(config) ? await withBooks(config, (books) => books.run('report', period)) : []
  process.stdout.write(told(rows, period, options))
}

type LedgerConfig = BooksConfig & Pick<Config, 'time_zone'>

/** Where there is no file, a gateway would go by the defaults too. */
async function configOf({ config }: ReportOptions): Promise<LedgerConfig> {
  if (configFile(config) === undefined) return { time_zone: 'UTC' }
  return (await readSource(config).catch(explain)).config
}

function periodOf(words: ReportWords, { time_zone: timeZone }: LedgerConfig): Period {
  try {
    return reportQuery(words, { epochMs: Date.now(), timeZone })
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    console.error(error.message)
    process.exit(1)
  }
}

function told(rows: readonly ReportRow[], period: Period, { csv, json }: ReportOptions): string {
  if (json === true) return `${JSON.stringify(reportView(rows, period), undefined, 2)}\n`
  if (csv === true) return reportCsv(rows, period)
  if (rows.length === 0) return `Nothing was asked since ${new Date(period.since).toISOString()}.\n`
  return `${reportTable(rows, period.by).join('\n')}\n`
}
