/**
 * Many times more than fits, from callers who come back when they are refused, on real sockets: `node bench/overload.ts [times]`.
 * The gateway is a process of its own; callers and server share another. It ends with 1 when a bar is missed.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { simServer } from '../../src/sim/sockets.ts'
import { quantile } from '../../test/storms/quantile.ts'
import { overload, type Tried } from '../../test/storms/overload.ts'

const times = Number(process.argv[2] ?? 10)
const slots = 16
const words = 20
const stepMs = 20
const model = 'llama3.1:8b'

const { origin, close } = await simServer('vllm', {
  engine: {
    slots,
    loadMs: 0,
    stepMs: [
      [0, stepMs],
      [1_000, stepMs],
    ],
  },
})
const folder = mkdtempSync(join(tmpdir(), 'spillway-overload-'))
writeFileSync(
  join(folder, 'spillway.yaml'),
  `listen: 127.0.0.1:0\nadmin: { listen: "127.0.0.1:0" }\nupstreams:\n  - { name: box, kind: vllm, url: "${origin}", concurrency: ${slots} }\n`,
)
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const gateway = spawn(process.execPath, ['--max-semi-space-size=8', main, 'serve'], {
  cwd: folder,
  env: { ...process.env, SPILLWAY_DATA_DIR: join(folder, 'data') },
  stdio: ['ignore', 'pipe', 'inherit'],
})
const url = await new Promise<URL>((resolve) => {
  let said = ''
  gateway.stdout.on('data', (text: Buffer) => {
    const found = /Spillway listens on (http:[^\s"]+)/.exec((said += text.toString()).slice(-4_000))
    if (found !== null) resolve(new URL(found[1]!))
  })
})

const agent = new Agent({ keepAlive: true, maxSockets: Infinity })
const body = JSON.stringify({
  model,
  stream: true,
  max_tokens: words,
  messages: [{ role: 'user', content: `Say ${words} words.` }],
})

function ask(priority: string): Promise<Tried> {
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      'x-spillway-priority': priority,
    }
    const options = { agent, host: url.hostname, port: url.port, method: 'POST', path: '/v1/chat/completions', headers }
    const asking = request(options, (response) => {
      let last = ''
      response.on('data', (bytes: Buffer) => (last = bytes.toString()))
      response.on('end', () => {
        const served = response.statusCode === 200 && last.includes('[DONE]')
        resolve({ served, retryAfterMs: Number(response.headers['retry-after-ms'] ?? NaN) || undefined })
      })
    })
    asking.on('error', () => resolve({ served: false, retryAfterMs: undefined }))
    asking.end(body)
  })
}

const seen = await overload(
  { now: () => performance.now(), sleep: (ms) => wait(ms), random: Math.random, ask },
  { perSecond: (slots / (words * stepMs)) * 1_000, times, seconds: { full: 10, over: 20, after: 12 }, retries: 3 },
)
const ended = new Promise((resolve) => gateway.once('close', resolve))
gateway.kill('SIGKILL')
await ended
agent.destroy()
await close()
rmSync(folder, { recursive: true })

const refusedMs = quantile(seen.refusedMs, 0.99)
const bars: readonly (readonly [what: string, is: string, met: boolean])[] = [
  [
    'goodput, of the peak (95 %)',
    `${((100 * seen.goodput) / seen.peak).toFixed(1)} % of ${seen.peak.toFixed(1)}/s`,
    seen.goodput >= 0.95 * seen.peak,
  ],
  ['urgent served (99.4 %)', `${(100 * seen.topServed).toFixed(2)} %`, seen.topServed >= 0.994],
  ['refusal, p99 (20 ms)', `${refusedMs.toFixed(1)} ms of ${seen.refusals}`, refusedMs <= 20],
  ['recovered after (10 s)', `${(seen.recoveryMs / 1_000).toFixed(0)} s`, seen.recoveryMs <= 10_000],
]
for (const [what, is, met] of bars) console.log(`${what.padEnd(30)} ${is.padEnd(24)} ${met ? 'met' : 'missed'}`)
if (bars.some(([, , met]) => !met)) process.exitCode = 1
