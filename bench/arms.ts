import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measuredCore, otherCore } from './machine.ts'
import { Proc } from './process.ts'

/** What is measured side by side: nothing in between, nginx, the barest proxy on Node, Spillway, and an earlier Spillway. */
export const armNames = ['direct', 'nginx', 'undici', 'spillway', 'before'] as const
export type ArmName = (typeof armNames)[number]

export interface Arm {
  readonly name: ArmName
  readonly port: number
  /** Undefined where nothing stands between. */
  readonly proc: Proc | undefined
  /** The operator's port, where there is one. */
  readonly adminPort?: number
}

export interface ArmOptions {
  /** Requests in flight that Spillway is told its server can hold. */
  readonly concurrency?: number
  readonly nodeFlags?: readonly string[]
  readonly transport?: 'own' | 'undici'
  /** Where an earlier Spillway is checked out. */
  readonly before?: string | undefined
}

export interface MockOptions {
  /** Each stream gets a frame this often. */
  readonly everyMs?: number
  readonly core?: number
}

const node = process.execPath
const here = import.meta.dirname
const root = join(here, '..')

const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const [mockPort, nginxPort, undiciPort, spillwayPort, adminPort] = await freePorts(5)

export async function startMock({ everyMs = 20, core = otherCore }: MockOptions = {}): Promise<Proc> {
  const proc = new Proc(core, node, [join(here, 'mock.ts'), String(mockPort), String(everyMs)])
  await proc.told('ready')
  return proc
}

export function startLoad(port: number, scenario: string, options: object): Proc {
  return new Proc(otherCore, node, [join(here, 'load.ts'), String(port), scenario, JSON.stringify(options)])
}

export async function startArm(name: ArmName, options: ArmOptions = {}): Promise<Arm> {
  switch (name) {
    case 'direct':
      return { name, port: mockPort!, proc: undefined }
    case 'nginx':
      return { name, port: nginxPort!, proc: await nginx() }
    case 'undici': {
      const args = [join(here, 'peers/undici-proxy.ts'), String(undiciPort), `http://127.0.0.1:${mockPort}`]
      const proc = new Proc(measuredCore, node, args)
      await answers(proc, undiciPort!, '/v1/models')
      return { name, port: undiciPort!, proc }
    }
    case 'spillway':
      return { name, port: spillwayPort!, adminPort: adminPort!, proc: await spillway(root, options) }
    case 'before':
      return { name, port: spillwayPort!, adminPort: adminPort!, proc: await spillway(options.before!, options) }
  }
}

async function nginx(): Promise<Proc> {
  const file = join(folder, 'nginx.conf')
  const filled = readFileSync(join(here, 'nginx.conf'), 'utf8')
    .replaceAll('FOLDER', folder)
    .replaceAll('MOCK_PORT', String(mockPort))
    .replaceAll('PORT', String(nginxPort))
  writeFileSync(file, filled)
  const proc = new Proc(measuredCore, 'nginx', ['-p', folder, '-c', file])
  await answers(proc, nginxPort!, '/v1/models')
  return proc
}

/** As a user would start it; its log goes to a file. */
async function spillway(
  checkout: string,
  { concurrency = 100_000, nodeFlags = [], transport = 'own' }: ArmOptions,
): Promise<Proc> {
  const config = join(here, 'spillway.yaml')
  const proc = new Proc(
    measuredCore,
    node,
    ['--max-semi-space-size=8', ...nodeFlags, join(checkout, 'src/cli/main.ts'), 'serve', '--config', config],
    {
      outputFile: join(folder, 'spillway.log'),
      env: {
        SPILLWAY_DATA_DIR: join(folder, 'data'),
        BENCH_PORT: String(spillwayPort),
        BENCH_ADMIN_PORT: String(adminPort),
        BENCH_MOCK_PORT: String(mockPort),
        BENCH_TRANSPORT: transport,
        BENCH_CONCURRENCY: String(concurrency),
      },
    },
  )
  await answers(proc, spillwayPort!, '/v1/models')
  return proc
}

async function answers(proc: Proc, port: number, path: string): Promise<void> {
  const until = performance.now() + 20_000
  while (!proc.isOver && performance.now() < until) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined)
    await response?.arrayBuffer()
    if (response?.ok === true) return
    await new Promise((resolve) => void setTimeout(resolve, 50))
  }
  throw new Error(`${proc.command} does not answer`)
}

/** Below the range from which the kernel takes ports for connections, of which thousands are made here. */
async function freePorts(count: number): Promise<number[]> {
  for (let first = 18_500; first < 30_000; first += 10) {
    const ports = Array.from({ length: count }, (_, i) => first + i)
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return ports
  }
  throw new Error('No ports are free.')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
