import { Postgres } from './postgres.ts'
import { type ChainVerdict, type Noted, verifyChain } from './verify-chain.ts'

/** Goes through the chain in a PostgreSQL, as it was at one moment: gateways may go on writing. It changes nothing. */
export async function verifyPostgres(url: string, noted: readonly Noted[] = []): Promise<ChainVerdict> {
  const postgres = new Postgres({ url, now: () => performance.now() })
  try {
    return await postgres.read(() => verifyChain(noted))
  } finally {
    await postgres.close()
  }
}
