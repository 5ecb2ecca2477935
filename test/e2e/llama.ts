import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'

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
  /** Generations that are under way. */
  busy(): Promise<number>
}

/** Half a megabyte of random weights that talks nonsense, the same for the same seed. */
export const tiny = ['tiny-gguf.ts'] as const

/** Counts, slowly: some thousand words take as many milliseconds and more. */
export const counting = [
  'reciting-gguf.ts',
  '--script',
  'count:1500',
  '--width',
  '512',
  '--layers',
  '4',
  '--ff',
  '2048',
] as const

/** Starts a real server with a model that goes by the name `real`. */
export async function llama(
  t: TestContext,
  [writer, ...shape]: readonly string[],
  ...args: readonly string[]
): Promise<Llama> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-llama-'))
  const model = join(folder, 'model.gguf')
  await run(process.execPath, [join(tools, writer!), model, ...shape])
  const own = ['-m', model, '--alias', 'real', '-c', '4096', '-np', '2', '-t', '1', '--slots', '--no-webui']
  const server = spawn(script, [installation, ...own, '--host', '127.0.0.1', '--port', '0', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  t.after(async () => {
    // Asked to end while it generates, it may wait for itself for ever.
    server.kill('SIGKILL')
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
    rmSync(folder, { recursive: true })
  })
  const origin = await addressIn(server.stderr)
  return {
    origin,
    busy: async () => {
      const slots = (await (await fetch(`${origin}/slots`)).json()) as { is_processing: boolean }[]
      return slots.filter(({ is_processing: isBusy }) => isBusy).length
    },
  }
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
