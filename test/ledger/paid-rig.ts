import { join } from 'node:path'
import type { Ends } from '../../src/cli/process.test-helper.ts'
import type { Entry } from '../../src/core/ledger.ts'
import { SqliteHere } from '../../src/ledger/sqlite-here.test-helper.ts'
import { cloudLike } from '../../src/sim/server-spec.ts'
import { SimServer } from '../../src/sim/server.ts'
import { listen, realClock } from '../../src/sim/sockets.ts'
import { chat, configFor, model, ollama } from '../cli/rig.ts'

const paid = 'gpt-5-mini'

/** A configuration with a simulated server at home and one that costs money, which has another model. */
export async function paidConfig(t: Ends, more = ''): Promise<string> {
  const engine = { stepMs: [[1, 2]] as const }
  const cloud = await listen(new SimServer(cloudLike({ engine, networkMs: 5 }), realClock()))
  t.after(() => cloud.close())
  return configFor(
    await ollama(t, { engine: { stepMs: [[1, 1]] } }),
    `  - { name: cloud, kind: openai, url: "${cloud.origin}", api_key: key-of-cloud }\n` +
      `prices: { ${paid}: { input: 1, output: 5 } }\n${more}`,
  )
}

/** Twelve words, of the model at home or of the one that costs money. */
export const twelveWords = (url: string, isPaid: boolean, more: object = {}): Promise<Response> =>
  chat(url, {
    model: isPaid ? paid : model,
    max_tokens: 40,
    messages: [{ role: 'user', content: 'Say 12 words.' }],
    ...more,
  })

/** What stands in the ledger of a gateway that has ended, and who still has something set aside. */
export async function ledgerIn(
  cwd: string,
): Promise<{ readonly entries: readonly Entry[]; readonly holders: readonly string[] }> {
  const books = new SqliteHere(databaseIn(cwd))
  try {
    const entries = await books.run('entriesAfter', 0, Number.MAX_SAFE_INTEGER)
    return { entries, holders: await books.run('holdOwners') }
  } finally {
    await books.close()
  }
}

export const databaseIn = (cwd: string): string => join(cwd, 'data', 'ledger.db')
