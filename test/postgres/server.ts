import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, globSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statfsSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const programs = [
  ...globSync('/usr/lib/postgresql/*/bin').toSorted((one, other) => versionOf(other) - versionOf(one)),
  ...(process.env['PATH'] ?? '').split(delimiter),
].find((folder) => globSync(join(folder, 'initdb')).length > 0)

export const skipWithoutPostgres: { readonly skip: string | false } = {
  skip: programs === undefined ? 'PostgreSQL is not installed' : false,
}

/** One for all tests of a file, while they run. */
export function sharedPostgres(): PostgresServer {
  const server = new PostgresServer()
  if (programs !== undefined) before(() => server.start())
  after(() => server.remove())
  return server
}

/** A PostgreSQL of our own, with all of its durability on. */
export class PostgresServer {
  #folder = ''
  #port = 0
  #process: ChildProcess | undefined
  #databases = 0

  async start(): Promise<void> {
    if (this.#folder === '') await this.#make()
    const places = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${this.#folder}`]
    const small = ['-c', 'shared_buffers=16MB', '-c', 'max_connections=40', '-c', 'log_min_messages=panic']
    const words = ['-D', this.#data, '-p', String(this.#port), ...places, ...small]
    const child = spawn(program('postgres'), words, { ...user, cwd: this.#folder, stdio: 'ignore', detached: true })
    this.#process = child
    const until = performance.now() + 20_000
    while (!this.#answers()) {
      if (child.exitCode !== null || performance.now() > until) throw new Error('PostgreSQL does not start.')
      await sleep(20)
    }
  }

  /** The address of a new database. */
  fresh(): string {
    const name = `ledger_${(this.#databases += 1)}`
    this.psql(`CREATE DATABASE ${name}`)
    return this.#urlOf(name)
  }

  /** Ends as in a power cut: no process of it does anything more. */
  kill(): Promise<void> {
    return this.#end(() => this.#signalAll('SIGKILL'))
  }

  /** Ends as by an administrator in a hurry. */
  stop(): Promise<void> {
    return this.#end(() => this.#process?.kill('SIGINT'))
  }

  /** Stands still. Its connections stay open. */
  pause(): void {
    this.#signalAll('SIGSTOP')
  }

  resume(): void {
    this.#signalAll('SIGCONT')
  }

  /** A statement by somebody beside us. */
  psql(sql: string, url: string = this.#urlOf('postgres')): string {
    return run('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', sql])
  }

  async remove(): Promise<void> {
    await this.kill()
    if (this.#folder !== '') rmSync(this.#folder, { recursive: true, force: true })
  }

  async #make(): Promise<void> {
    this.#folder = mkdtempSync(join(roomy('/dev/shm') ? '/dev/shm' : tmpdir(), 'spillway-pg-'))
    if (user !== undefined) chownSync(this.#folder, user.uid, user.gid)
    run('initdb', ['-D', this.#data, '-U', 'spillway', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'])
    this.#port = await freePort()
  }

  async #end(how: () => void): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    how()
    await ended
    // Its other processes end when they see that it is gone, and the next one does not start before.
    while (this.#all().length > 0) await sleep(10)
  }

  #signalAll(signal: NodeJS.Signals): void {
    for (const pid of this.#all()) {
      try {
        process.kill(pid, signal)
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  /** Each connection has a process of its own. All of them work in the folder of the data. */
  #all(): readonly number[] {
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

  get #data(): string {
    return join(this.#folder, 'data')
  }
}

/** It refuses to run as root. */
const user = process.getuid?.() === 0 ? unprivileged() : undefined

function unprivileged(): { readonly uid: number; readonly gid: number } {
  const rows = readFileSync('/etc/passwd', 'utf8').split('\n')
  const row = rows.find((text) => text.startsWith('postgres:')) ?? rows.find((text) => text.startsWith('nobody:'))
  const [, , uid, gid] = row?.split(':') ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

function run(name: string, words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program(name), words, { ...user, cwd: '/', encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name}: ${stderr}`)
  return stdout.trim()
}

/** After a crash it syncs a thousand files before it starts, which on a disk that others use too takes seconds. */
function roomy(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize > 1_000_000_000
  } catch {
    return false
  }
}

function program(name: string): string {
  return join(programs ?? '', name)
}

function versionOf(folder: string): number {
  return Number(/(\d+)\/bin$/.exec(folder)?.[1] ?? 0)
}

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
