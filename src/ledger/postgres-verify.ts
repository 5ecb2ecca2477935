import { verifyAudit, type AuditVerdict } from './jobs/audit.ts'
import { Postgres } from './postgres.ts'
import { type ChainVerdict, type Noted, verifyChain } from './verify-chain.ts'

/** Goes through the chains in a PostgreSQL, as it was at one moment: gateways may go on writing. It changes nothing. */
export async function verifyPostgres(
  url: string,
  noted: readonly Noted[] = [],
): Promise<ChainVerdict & { readonly audit: AuditVerdict }> {
  const postgres = new Postgres({ url, now: () => performance.now() })
  try {
    const chain = await postgres.read(() => verifyChain(noted))
    return { ...chain, audit: await postgres.read(verifyAudit) }
  } finally {
    await postgres.close()
  }
}
