import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, globSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ends } from '../../src/cli/process.test-helper.ts'

/** A PostgreSQL of our own, with all of its durability on. */
export interface PostgresServer {
  /** Of a new database in it. */
  fresh(): string
  /** Of the database that is always there. */
  readonly url: string
  /** Ends it as a power cut does: no process of it does anything more. */
  kill(): Promise<void>
  /** Ends it as an administrator does who is in a hurry. */
  stop(): Promise<void>
  start(): Promise<void>
  /** It stands still, and its connections stay open. */
  pause(): void
  resume(): void
  /** One statement, as somebody beside us. */
  psql(sql: string, url?: string): string
}

const folderOfPrograms = [
  ...globSync('/usr/lib/postgresql/*/bin').toSorted((one, other) => version(other) - version(one)),
  ...(process.env['PATH'] ?? '').split(delimiter),
].find((folder) => globSync(join(folder, 'initdb')).length > 0)

function version(folder: string): number {
  return Number(/(\d+)\/bin$/.exec(folder)?.[1] ?? 0)
}

/** It refuses to run as root. */
const user = process.getuid?.() === 0 ? unprivileged() : {}

function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  const rows = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'))
  const row = rows.find(([name]) => name === 'postgres') ?? rows.find(([name]) => name === 'nobody')
  return row === undefined ? {} : { uid: Number(row[2]), gid: Number(row[3]) }
}

export const skipWithoutPostgres: { readonly skip: string | false } = {
  skip: folderOfPrograms === undefined ? 'PostgreSQL is not installed' : false,
}

export async function startPostgres(t: Ends): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-pg-'))
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  run('initdb', ['-D', data, '-U', 'spillway', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'])
  const port = await freePort()
  const server = new Server({ folder, data, port })
  t.after(async () => {
    await server.kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await server.start()
  return server
}

class Server implements PostgresServer {
  readonly url: string
  readonly #folder: string
  readonly #data: string
  readonly #port: number
  #process: ChildProcess | undefined
  #databases = 0

  constructor({ folder, data, port }: { readonly folder: string; readonly data: string; readonly port: number }) {
    this.#folder = folder
    this.#data = data
    this.#port = port
    this.url = this.#urlOf('postgres')
  }

  fresh(): string {
    const name = `ledger_${(this.#databases += 1)}`
    this.psql(`CREATE DATABASE ${name}`)
    return this.#urlOf(name)
  }

  async start(): Promise<void> {
    const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${this.#folder}`]
    const small = ['-c', 'shared_buffers=16MB', '-c', 'max_connections=40', '-c', 'log_min_messages=panic']
    const words = ['-D', this.#data, '-p', String(this.#port), ...settings, ...small]
    const child = spawn(program('postgres'), words, { ...user, cwd: this.#folder, stdio: 'ignore', detached: true })
    this.#process = child
    const until = performance.now() + 20_000
    while (!this.#answers()) {
      if (child.exitCode !== null || performance.now() > until) throw new Error('PostgreSQL does not start.')
      await sleep(20)
    }
  }

  kill(): Promise<void> {
    return this.#end(() => this.#signalAll('SIGKILL'))
  }

  stop(): Promise<void> {
    return this.#end(() => this.#process?.kill('SIGINT'))
  }

  pause(): void {
    this.#signalAll('SIGSTOP')
  }

  resume(): void {
    this.#signalAll('SIGCONT')
  }

  psql(sql: string, url: string = this.url): string {
    return run('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', sql])
  }

  async #end(how: () => void): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    how()
    await ended
    // Its other processes end by themselves when it is gone, and a new one waits for that.
    while (this.#group().length > 0) await sleep(10)
  }

  #signalAll(signal: NodeJS.Signals): void {
    for (const pid of this.#group()) {
      try {
        process.kill(pid, signal)
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  /** Each connection has a process of its own. All of them work in the folder of the data. */
  #group(): readonly number[] {
    return globSync('/proc/[0-9]*')
      .filter((path) => folderOf(path) === this.#data)
      .map((path) => Number(path.slice('/proc/'.length)))
  }

  #answers(): boolean {
    return spawnSync(program('pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(this.#port)]).status === 0
  }

  #urlOf(database: string): string {
    return `postgres://spillway@127.0.0.1:${this.#port}/${database}`
  }
}

function run(name: string, words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program(name), words, { ...user, cwd: '/', encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name}: ${stderr}`)
  return stdout.trim()
}

const program = (name: string): string => join(folderOfPrograms ?? '', name)

function folderOf(path: string): string | undefined {
  try {
    return readlinkSync(join(path, 'cwd'))
  } catch {
    return undefined
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
