import { PostgresBooks } from '../../src/ledger/postgres-books.ts'
import type { ChainVerdict } from '../../src/ledger/verify-chain.ts'

/** What is wrong with the chain there, and how many rows it has. */
export async function verified(url: string): Promise<ChainVerdict> {
  const books = new PostgresBooks(url)
  try {
    return await books.run('verifyChain')
  } finally {
    await books.close()
  }
}
