import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import type { Ends } from './rig.ts'

/** Beside the checkout lie the tools that fetch a real llama-server and write models small enough for tests. */
const tools = join(import.meta.dirname, '../../../shared/tools')
const script = join(tools, 'real-llama-server.sh')
/** Installed once for all tests and all runs. */
const installation = join(tmpdir(), 'spillway-real-llama-server')

/** The script says so when a server cannot be had on this machine. */
const notHere = 69

const run = promisify(execFile)

/** Why there is no real server here; false when there is one. */
export async function missing(): Promise<string | false> {
  if (!existsSync(script)) return 'the tools for a real llama-server are not beside this checkout'
  try {
    await run(script, [installation, '--version'])
    return false
  } catch (error) {
    if ((error as { code?: unknown }).code === notHere) return 'a real llama-server cannot be had on this machine'
    throw error
  }
}

export interface Llama {
  readonly origin: string
  readonly pid: number
  /** Generations that are under way. */
  busy(): Promise<number>
  /** It is gone from one moment to the next, with all that it was saying. */
  kill(): void
  /** Stands still, with all its connections open, until it is let go on. */
  freeze(): void
  thaw(): void
  /** Starts again what was killed, where it was, and does not wait until it is ready. */
  restart(): Promise<void>
}

/** What writes a model, and what is said to it. */
type Shape = readonly [writer: string, ...args: readonly string[]]

/** Half a megabyte of random weights that talks nonsense, the same for the same seed. */
export const tiny: Shape = ['tiny-gguf.ts']

/** Says the numbers up to this one, and stops. */
export const reciting = (count: number): Shape => ['reciting-gguf.ts', '--script', `count:${count}`]

/** Counts, slowly: some thousand words take as many milliseconds and more. */
export const counting: Shape = [...reciting(1_500), '--width', '512', '--layers', '4', '--ff', '2048']

/** Whatever it is asked, it says that it will look, and calls `weather` for Paris. */
export const calling: Shape = [
  'reciting-gguf.ts',
  '--script',
  join(import.meta.dirname, 'llama/caller.json'),
  '--template',
  join(import.meta.dirname, 'llama/caller.jinja'),
]

/** Makes vectors. */
export const embedding: Shape = ['reciting-gguf.ts', '--bert', '--width', '64']

/** Starts a real server with a model that goes by the name `real`. */
export async function llama(ends: Ends, shape: Shape, ...args: readonly string[]): Promise<Llama> {
  const folder = folderFor(ends)
  const model = join(folder, 'model.gguf')
  await write(model, shape)
  return serve(ends, ['-m', model, '--alias', 'real', '-c', '4096', '-np', '2', '--slots', ...args])
}

/** Starts one that has models by their names, and a single one in memory. */
export async function router(ends: Ends, shapes: Readonly<Record<string, Shape>>): Promise<Llama> {
  const folder = folderFor(ends)
  await Promise.all(Object.entries(shapes).map(([name, shape]) => write(join(folder, `${name}.gguf`), shape)))
  return serve(ends, ['--models-dir', folder, '--models-max', '1', '-c', '4096', '-np', '2'])
}

const write = (model: string, [writer, ...shape]: Shape): Promise<unknown> =>
  run(process.execPath, [join(tools, writer), model, ...shape])

function folderFor(ends: Ends): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-llama-'))
  ends.after(() => rmSync(folder, { recursive: true }))
  return folder
}

async function serve(ends: Ends, args: readonly string[]): Promise<Llama> {
  const common = ['-t', '1', '--no-webui', '--host', '127.0.0.1', '--port', '0']
  // Of two words on one thing the later one counts.
  const start = (...more: readonly string[]): Server =>
    spawn(script, [installation, ...common, ...args, ...more], { stdio: ['ignore', 'ignore', 'pipe'] })
  let server = start()
  ends.after(() => ended(server))
  const origin = await addressIn(server.stderr)
  return {
    origin,
    get pid() {
      return server.pid!
    },
    kill: () => void server.kill('SIGKILL'),
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    restart: async () => {
      await ended(server)
      server = start('--port', new URL(origin).port)
      server.stderr.resume()
    },
    busy: async () => {
      const slots = (await (await fetch(`${origin}/slots`)).json()) as { is_processing: boolean }[]
      return slots.filter(({ is_processing: isBusy }) => isBusy).length
    },
  }
}

type Server = ChildProcessByStdio<null, null, Readable>

async function ended(server: Server): Promise<void> {
  // Asked to end while it generates, it may wait for itself for ever.
  server.kill('SIGKILL')
  if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
}

/** It says where it listens once its model is loaded. What it says afterwards is read too: a full pipe would stop it. */
function addressIn(log: Readable): Promise<string> {
  let text = ''
  return new Promise((resolve, reject) => {
    log.on('data', (bytes: Buffer) => {
      text += bytes.toString()
      const found = /listening on (http:\/\/[\d.]+:\d+)/.exec(text)
      if (found !== null) resolve(found[1]!)
    })
    log.on('end', () => reject(new Error(`The server ended: ${text}`)))
  })
}
