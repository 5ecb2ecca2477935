import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { World } from '../core/world.ts'
import { type LedgerOptions, openLedger, type OpenLedger } from './open.ts'

/** Real time, and no network. */
export const realTime: World = {
  now: () => performance.now(),
  epochMs: () => Date.now(),
  random: () => Math.random(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      if (signal?.aborted === true) wake()
      signal?.addEventListener('abort', wake)
    }),
  send: () => Promise.reject(new Error('There is no network here.')),
}

const toClose = new WeakMap<TestContext, (() => Promise<void>)[]>()

/** A folder that goes when the test is over and whatever was opened for it is closed. */
export function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-ledger-'))
  const closing: (() => Promise<void>)[] = []
  toClose.set(t, closing)
  t.after(async () => {
    for (const close of closing) await close()
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** A ledger over SQLite in a folder that goes with the test. */
export async function openFor(t: TestContext, over: Partial<LedgerOptions> = {}): Promise<OpenLedger> {
  let closed: Promise<void> | undefined
  const dataDir = over.dataDir ?? folderFor(t)
  const opened = await openLedger({ dataDir, world: realTime, emit: () => {}, segmentBytes: 64 * 1024, ...over })
  const close = (): Promise<void> => (closed ??= opened.close())
  const closing = toClose.get(t)
  if (closing === undefined) t.after(close)
  else closing.push(close)
  await opened.ready
  return { ...opened, close }
}
