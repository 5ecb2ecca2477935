import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chanceOf } from '../../src/sim/chance.ts'
import { killed, parts, problemsOf } from './left.ts'

export interface Tampered {
  /** What was found where nothing was changed. */
  readonly before: readonly string[]
  /** Changes that nobody saw. */
  readonly unseen: readonly string[]
  readonly bytes: number
}

/** Changes one byte at a time, anywhere in a ledger as a killed gateway leaves it, and looks whether that is found. */
export async function tamper(count: number, seed: number): Promise<Tampered> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-tamper-'))
  try {
    const left = killed(folder)
    const path = join(left, 'ledger.db')
    const before = await problemsOf(path)
    const files = parts.map((name) => ({ name, bytes: readFileSync(join(left, name)) }))
    const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0)
    const random = chanceOf(seed, 'tamper')
    const unseen: string[] = []
    for (let i = 0; i < count; i += 1) {
      const { name, at, to } = anywhere(files, bytes, random)
      const was = files.find((file) => file.name === name)!.bytes.subarray(at, at + 1)
      put(join(left, name), at, Buffer.of(was[0]! ^ to))
      if ((await problemsOf(path)).length === 0) unseen.push(`byte ${at} of ${name}`)
      put(join(left, name), at, was)
      rmSync(`${path}-shm`, { force: true })
    }
    return { before, unseen, bytes }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function put(file: string, at: number, byte: Uint8Array): void {
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, byte, 0, 1, at)
  closeSync(descriptor)
}

function anywhere(
  files: readonly { readonly name: string; readonly bytes: Buffer }[],
  all: number,
  random: () => number,
) {
  let at = Math.floor(random() * all)
  const to = 1 + Math.floor(random() * 255)
  for (const { name, bytes } of files) {
    if (at < bytes.length) return { name, at, to }
    at -= bytes.length
  }
  throw new RangeError('There is no such byte.')
}
