import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measuredCore } from './machine.ts'
import { portkeyMain } from './peers/portkey.ts'
import { Proc } from './process.ts'

/** Starts what is measured: each a process on its core, that answers before it counts as started. */
export interface Ports {
  readonly port: number
  readonly adminPort: number
  readonly mockPort: number
}

export interface SpillwayOptions {
  /** Requests in flight that it is told its server can hold. */
  readonly concurrency?: number
  readonly nodeFlags?: readonly string[]
  readonly transport?: 'own' | 'undici'
}

const node = process.execPath
const here = import.meta.dirname

const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

export function nginx(ports: Ports): Promise<Proc> {
  const file = filled('peers/nginx.conf', ports)
  return started(new Proc(measuredCore, 'nginx', ['-p', folder, '-c', file]), ports)
}

export function haproxy(ports: Ports, option = ''): Promise<Proc> {
  return started(
    new Proc(measuredCore, 'haproxy', ['-q', '-db', '-f', filled('peers/haproxy.cfg', ports, option)]),
    ports,
  )
}

export const undiciProxy = (ports: Ports): Promise<Proc> => bareProxy('peers/undici-proxy.ts', ports)
export const fetchProxy = (ports: Ports): Promise<Proc> => bareProxy('peers/fetch-proxy.ts', ports)

function bareProxy(file: string, ports: Ports): Promise<Proc> {
  const args = [join(here, file), String(ports.port), `http://127.0.0.1:${ports.mockPort}`]
  return started(new Proc(measuredCore, node, args), ports)
}

/** Without its pages, and what it says goes to a file. */
export function portkey(ports: Ports): Promise<Proc> {
  const args = [portkeyMain(), `--port=${ports.port}`, '--headless']
  const proc = new Proc(measuredCore, node, args, {
    outputFile: join(folder, 'portkey.log'),
    env: { NODE_ENV: 'production' },
  })
  return started(proc, ports, '/')
}

/** As a user would start it; its log goes to a file. */
export function spillway(
  ports: Ports,
  checkout: string,
  { concurrency = 100_000, nodeFlags = [], transport = 'own' }: SpillwayOptions,
): Promise<Proc> {
  const main = join(checkout, 'src/cli/main.ts')
  const args = ['--max-semi-space-size=8', ...nodeFlags, main, 'serve', '--config', join(here, 'spillway.yaml')]
  const proc = new Proc(measuredCore, node, args, {
    outputFile: join(folder, 'spillway.log'),
    env: {
      SPILLWAY_DATA_DIR: join(folder, 'data'),
      BENCH_PORT: String(ports.port),
      BENCH_ADMIN_PORT: String(ports.adminPort),
      BENCH_MOCK_PORT: String(ports.mockPort),
      BENCH_TRANSPORT: transport,
      BENCH_CONCURRENCY: String(concurrency),
    },
  })
  return started(proc, ports)
}

/** A configuration with its words in capitals filled in. */
function filled(template: string, { port, mockPort }: Ports, option = ''): string {
  const file = join(folder, 'configuration')
  const words = { FOLDER: folder, MOCK_PORT: String(mockPort), PORT: String(port), OPTION: option }
  let text = readFileSync(join(here, template), 'utf8')
  for (const [word, meaning] of Object.entries(words)) text = text.replaceAll(word, meaning)
  writeFileSync(file, text)
  return file
}

async function started(proc: Proc, { port }: Ports, path = '/v1/models'): Promise<Proc> {
  const until = performance.now() + 20_000
  while (!proc.isOver && performance.now() < until) {
    if (await answers(`http://127.0.0.1:${port}${path}`)) return proc
    await new Promise((resolve) => void setTimeout(resolve, 50))
  }
  throw new Error(`${proc.command} does not answer`)
}

/** Over a connection that is closed behind it: one that stayed would count among those that are measured. */
function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = get(url, { agent: false }, (response) => {
      response.resume().on('close', () => resolve(response.statusCode === 200))
    })
    asking.on('error', () => resolve(false))
  })
}
