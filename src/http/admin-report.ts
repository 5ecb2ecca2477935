import { reportView } from '../accounts/report.ts'
import { reportQuery } from '../accounts/report-query.ts'
import { Fault } from '../core/fault.ts'
import type { Ledger, ReportRow } from '../core/ledger.ts'
import type { Gateway } from '../gateway.ts'

const words = ['by', 'since', 'until', 'caller'] as const

/** What was asked and spent, by whatever it is to be told by: `?by=caller,model,day&since=7d`. */
export async function reportAnswer(
  { settings, world, ledger }: Pick<Gateway, 'settings' | 'world' | 'ledger'>,
  query: URLSearchParams,
): Promise<object> {
  const period = reportQuery(wordsIn(query), {
    epochMs: world.epochMs(),
    timeZone: settings.money?.timeZone ?? 'UTC',
  })
  return reportView(await rowsOf(ledger, period), period)
}

/** What nobody meant to ask is not left out in silence: it may be the word that matters. */
function wordsIn(query: URLSearchParams): Partial<Record<(typeof words)[number], string>> {
  const given: Partial<Record<(typeof words)[number], string>> = {}
  for (const [name, value] of query) {
    const word = words.find((one) => one === name)
    if (word === undefined)
      throw new Fault(
        'bad-request',
        `A report is asked for with ${words.join(', ')}; ${JSON.stringify(name.slice(0, 40))} is none of them.`,
      )
    if (given[word] !== undefined) throw new Fault('bad-request', `There is more than one ${word}.`)
    given[word] = value
  }
  return given
}

async function rowsOf(
  ledger: Pick<Ledger, 'report'>,
  period: Parameters<Ledger['report']>[0],
): Promise<readonly ReportRow[]> {
  try {
    return await ledger.report(period)
  } catch (cause) {
    throw new Fault('ledger-closed', 'The ledger cannot be read now. Try again in a while.', { cause })
  }
}
