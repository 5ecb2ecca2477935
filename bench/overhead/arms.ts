import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { otherCore } from './machine.ts'
import { hasPortkey, portkeyFolder, portkeyHeaders } from './peers/portkey.ts'
import { freePorts } from './ports.ts'
import { Proc } from './process.ts'
import { fetchProxy, haproxy, nginx, portkey, spillway, type SpillwayOptions, undiciProxy } from './programs.ts'

/** What is measured side by side: nothing in between, what people use, the barest proxies on Node, Spillway, and an earlier one. */
export const armNames = [
  'direct',
  'nginx',
  'haproxy',
  'haproxy-no-delay',
  'undici',
  'fetch',
  'portkey',
  'spillway',
  'before',
] as const
export type ArmName = (typeof armNames)[number]

export interface Arm {
  readonly name: ArmName
  readonly port: number
  /** Undefined where nothing stands between. */
  readonly proc: Proc | undefined
  /** The operator's port, where there is one. */
  readonly adminPort?: number
  /** What a caller has to send along. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface ArmOptions extends SpillwayOptions {
  /** Where an earlier Spillway is checked out. */
  readonly before?: string | undefined
}

export interface MockOptions {
  /** Each stream gets a frame this often. */
  readonly everyMs?: number
  readonly core?: number
}

const here = import.meta.dirname
const [mockPort = 0, armPort = 0, adminPort = 0] = await freePorts(3)
const upstream = `http://127.0.0.1:${mockPort}`

export async function startMock({ everyMs = 20, core = otherCore }: MockOptions = {}): Promise<Proc> {
  const proc = new Proc(core, process.execPath, [join(here, 'mock.ts'), String(mockPort), String(everyMs)])
  await proc.told('ready')
  return proc
}

export function startLoad({ port, headers }: Arm, scenario: string, options: object): Proc {
  const args = [join(here, 'load.ts'), String(port), scenario, JSON.stringify({ ...options, headers })]
  return new Proc(otherCore, process.execPath, args)
}

/** One at a time: they take turns on the same port. */
export async function startArm(name: ArmName, options: ArmOptions = {}): Promise<Arm> {
  const ports = { port: armPort, adminPort, mockPort }
  switch (name) {
    case 'direct':
      return { name, port: mockPort, proc: undefined }
    case 'nginx':
      return { name, port: armPort, proc: await nginx(ports) }
    case 'haproxy':
      return { name, port: armPort, proc: await haproxy(ports) }
    case 'haproxy-no-delay':
      return { name, port: armPort, proc: await haproxy(ports, 'option http-no-delay') }
    case 'undici':
      return { name, port: armPort, proc: await undiciProxy(ports) }
    case 'fetch':
      return { name, port: armPort, proc: await fetchProxy(ports) }
    case 'portkey':
      return { name, port: armPort, proc: await portkey(ports), headers: portkeyHeaders(upstream) }
    case 'spillway':
    case 'before': {
      const checkout = name === 'before' ? options.before! : join(here, '../..')
      return { name, port: armPort, adminPort, proc: await spillway(ports, checkout, options) }
    }
  }
}

/** Why an arm cannot be measured on this machine, and what would help. */
export function missing(name: ArmName): string | undefined {
  if (name === 'nginx' && !isInstalled('nginx')) return 'nginx is not here: apt-get install nginx'
  if (name.startsWith('haproxy') && !isInstalled('haproxy')) return 'HAProxy is not here: apt-get install haproxy'
  if (name === 'portkey' && !hasPortkey())
    return `Portkey is not in ${portkeyFolder()}: npm run bench:peers, or say in PORTKEY_DIR where it is`
  return undefined
}

export function isInstalled(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
