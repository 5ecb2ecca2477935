import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** The limits that an operator may set: so many at once, at each server too, or so many a second and a few more at once. */
export type Limits =
  | { readonly type: 'none' }
  | { readonly type: 'at once'; readonly most: number }
  | { readonly type: 'at each'; readonly most: number }
  | { readonly type: 'rate'; readonly perSecond: number; readonly burst: number }

/** Why it cannot be started here. */
export const missing = (): string | undefined =>
  spawnSync('nginx', ['-v']).error === undefined ? undefined : 'nginx is not here: apt-get install nginx'

export interface Nginx {
  readonly origin: string
  readonly close: () => Promise<void>
}

/** What else an operator may say: of each server, and of all. */
export interface Besides {
  readonly ofEach?: string
  readonly ofAll?: readonly string[]
}

/** nginx in front of servers, in turn. It refuses with 503, as it does if nothing is said. */
export async function startNginx(origins: readonly string[], limits: Limits, besides: Besides = {}): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-nginx-'))
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, configuration({ folder, port, origins, limits, besides }))
  const child = spawn('nginx', ['-p', folder, '-c', file], { stdio: ['ignore', 'ignore', 'inherit'] })
  const over = new Promise<void>((resolve) => child.on('exit', () => resolve()))
  const origin = `http://127.0.0.1:${port}`
  await answering(child, origin)
  return {
    origin,
    close: async () => {
      child.kill()
      await over
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Wanted {
  readonly folder: string
  readonly port: number
  readonly origins: readonly string[]
  readonly limits: Limits
  readonly besides: Besides
}

function configuration({ folder, port, origins, limits, besides: { ofEach, ofAll = [] } }: Wanted): string {
  const more = ofEach === undefined ? '' : ` ${ofEach}`
  const eachMost = limits.type === 'at each' ? ` max_conns=${limits.most}${more}` : more
  return `daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr crit;
events { worker_connections 20000; }
http {
  access_log off;
  client_max_body_size 64m;
  client_body_buffer_size 2m;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${folder}/${one};`).join(' ')}
  limit_conn_zone $server_port zone=all:1m;
  limit_req_zone $server_port zone=rate:1m rate=${limits.type === 'rate' ? Math.round(limits.perSecond * 60) : 1}r/m;
  upstream servers {
    ${origins.map((origin) => `server ${origin.slice('http://'.length)}${eachMost};`).join(' ')}
    keepalive 512;
  }
  server {
    listen 127.0.0.1:${port} backlog=8192;
    location / {
      ${limits.type === 'at once' ? `limit_conn all ${limits.most};` : ''}
      ${limits.type === 'rate' ? `limit_req zone=rate burst=${limits.burst} nodelay;` : ''}
      proxy_pass http://servers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      ${ofAll.some((line) => line.startsWith('proxy_read_timeout')) ? '' : 'proxy_read_timeout 3600s;'}
      ${ofAll.map((line) => `${line};`).join(' ')}
    }
  }
}
`
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

async function answering(child: ChildProcess, origin: string): Promise<void> {
  for (let left = 200; left > 0 && child.exitCode === null; left -= 1) {
    // Any answer will do, and one that counts towards a limit is gone by the time that callers come.
    const response = await fetch(`${origin}/v1/models`).catch(() => undefined)
    await response?.arrayBuffer()
    if (response !== undefined) return
    await wait(20)
  }
  throw new Error('nginx does not answer; is it installed?')
}
