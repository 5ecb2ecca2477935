import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Proc } from './process.ts'

/** The core of what is measured, and the core of everything else. */
export const measuredCore = 0
export const otherCore = 1

export const mockPort = 18_500

export interface Arm {
  readonly name: string
  readonly port: number
  /** Undefined where nothing stands between. */
  readonly proc: Proc | undefined
  /** The admin port, where there is one. */
  readonly adminPort?: number
}

const node = process.execPath

export const armNames = ['direct', 'nginx', 'undici', 'spillway'] as const
export type ArmName = (typeof armNames)[number]

export interface ArmOptions {
  /** Requests in flight that Spillway is told its server can hold. */
  readonly concurrency?: number
  readonly nodeFlags?: readonly string[]
  readonly transport?: 'own' | 'undici'
}

export async function startArm(name: ArmName, options: ArmOptions = {}): Promise<Arm> {
  switch (name) {
    case 'direct':
      return { name, port: mockPort, proc: undefined }
    case 'nginx':
      return nginx()
    case 'undici': {
      const proc = new Proc(measuredCore, node, [
        'bench/peers/undici-proxy.ts',
        '18502',
        `http://127.0.0.1:${mockPort}`,
      ])
      await proc.line(({ said }) => said === 'ready')
      return { name, port: 18_502, proc }
    }
    case 'spillway':
      return spillway(options)
  }
}

async function nginx(): Promise<Arm> {
  const dir = mkdtempSync(join(tmpdir(), 'spillway-nginx-'))
  const file = join(dir, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off; master_process off; worker_processes 1; pid ${dir}/pid; error_log stderr crit; worker_rlimit_nofile 60000;
events { worker_connections 40000; }
http {
  access_log off; client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/f;
  uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
  client_max_body_size 64m; client_body_buffer_size 2m; keepalive_requests 100000000; keepalive_timeout 75s; tcp_nodelay on;
  upstream mock { server 127.0.0.1:${mockPort}; keepalive 512; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:18501 backlog=65535;
    location / { proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_read_timeout 600s; }
  }
}
`,
  )
  const proc = new Proc(measuredCore, 'nginx', ['-p', dir, '-c', file])
  await new Promise((resolve) => void setTimeout(resolve, 400))
  return { name: 'nginx', port: 18_501, proc }
}

/** As a user would start it: logs, metrics, live feed and all. */
async function spillway({ concurrency = 100_000, nodeFlags = [], transport = 'own' }: ArmOptions): Promise<Arm> {
  const dir = mkdtempSync(join(tmpdir(), 'spillway-bench-'))
  const file = join(dir, 'spillway.yaml')
  writeFileSync(
    file,
    `listen: 127.0.0.1:18503
admin: { listen: 127.0.0.1:18504 }
upstream_transport: ${transport}
queue: { max: 10000, patience: 60s }
upstreams:
  - { name: mock, kind: openai-compatible, url: "http://127.0.0.1:${mockPort}", concurrency: ${concurrency} }
`,
  )
  // As `npm run spillway` and the installed command have it.
  const args = ['--max-semi-space-size=8', ...nodeFlags, 'src/cli/main.ts', 'serve', '--config', file]
  const proc = new Proc(measuredCore, node, args)
  await proc.line((line) => JSON.stringify(line).includes('listens on'))
  // The log goes on; what it said is not kept.
  proc.child.stdout!.removeAllListeners('data')
  proc.child.stdout!.resume()
  return { name: 'spillway', port: 18_503, adminPort: 18_504, proc }
}

export async function startMock({ everyMs = 20, frames = 1_000_000 } = {}): Promise<Proc> {
  const proc = new Proc(otherCore, node, ['bench/mock.ts', String(mockPort), String(everyMs), String(frames)])
  await proc.line(({ said }) => said === 'ready')
  return proc
}

export function startLoad(port: number, scenario: string, options: object): Proc {
  return new Proc(otherCore, node, ['bench/load.ts', String(port), scenario, JSON.stringify(options)])
}
