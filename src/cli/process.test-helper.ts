import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

/** Whoever can say that what was opened for it may be closed: a test, or a campaign. */
export interface Ends {
  after(close: () => unknown): void
}

export interface Ended {
  /** The exit code, or the signal that ended it. */
  readonly code: number | string
  readonly out: string
  readonly err: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves with the match once its output holds it; rejects when it ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>
}

/** A folder with these files, gone after the test. */
export function folderWith(t: Ends, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

interface SpillwayOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** A command that starts it with something changed: `prlimit --nofile=40`. */
  readonly under?: readonly string[]
}

/** The command line as a process of its own, as a shell starts it. */
export function spillway(t: Ends, words: readonly string[], { under = [], ...options }: SpillwayOptions = {}): Running {
  return started(t, [...under, process.execPath, main, ...words], options)
}

/** Any program as a process of its own. */
export function started(
  t: Ends,
  [command = '', ...rest]: readonly string[],
  { cwd = tmpdir(), env = {} }: Omit<SpillwayOptions, 'under'> = {},
): Running {
  // Never the folder of whoever runs the tests; the same again for one that is started anew where it was.
  const data = cwd === tmpdir() ? folderWith(t, {}) : join(cwd, 'data')
  // Each of them reads some hundred files.
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const common = { PATH, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }), SPILLWAY_DATA_DIR: data }
  const child = spawn(command, rest, { cwd, env: { ...common, ...env }, stdio: 'pipe' })
  t.after(() => child.kill('SIGKILL'))
  let out = ''
  let err = ''
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    for (const listener of listeners) listener()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code: code ?? signal ?? '', out, err }))
  })
  return {
    child,
    ended,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(out)
          if (match === null) return
          listeners.delete(look)
          resolve(match)
        }
        listeners.add(look)
        look()
        void ended.then(() => reject(new Error(`It ended without saying ${pattern.source}:\n${out}\n${err}`)))
      }),
  }
}
