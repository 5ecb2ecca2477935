/**
 * Processes that are killed, or stopped until the one that looks after them does it, for the night:
 * `node test/cli/crash-campaign.ts 50`.
 */
import type { Ends } from '../../src/cli/process.test-helper.ts'
import { chat, configFor, ollama, serve } from './rig.ts'

const [count = 10] = process.argv.slice(2).map(Number)

/** How long until somebody is served again who was not from the start, the look that finds a stopped one included. */
async function crash(t: Ends, signal: 'SIGKILL' | 'SIGSTOP'): Promise<number> {
  const { running, url, adminUrl } = await serve(t, configFor(await ollama(t)), ['--supervised'])
  const { pid } = (await (await fetch(`${adminUrl}/api/status`)).json()) as { pid: number }
  const crashedAt = performance.now()
  process.kill(pid, signal)
  if (signal === 'SIGSTOP') await running.says(/stands still: it is killed/)
  const { status } = await chat(url)
  const tookMs = performance.now() - crashedAt
  if (status !== 200) throw new Error(`After ${signal} somebody was told ${status}.`)
  running.child.kill('SIGTERM')
  const { code } = await running.ended
  if (code !== 0) throw new Error(`After ${signal} it ended with ${code}.`)
  return tookMs
}

async function all(signal: 'SIGKILL' | 'SIGSTOP', times: number): Promise<void> {
  const tookMs: number[] = []
  for (let time = 0; time < times; time += 1) {
    const closings: (() => unknown)[] = []
    tookMs.push(await crash({ after: (close) => void closings.push(close) }, signal))
    for (const close of closings.toReversed()) await close()
  }
  const sorted = tookMs.toSorted((a, b) => a - b)
  const at = (share: number): string => `${Math.round(sorted[Math.ceil(share * times) - 1]!)} ms`
  process.stdout.write(`${signal}, ${times} times: served again after p50 ${at(0.5)}, at most ${at(1)}.\n`)
  if (signal === 'SIGSTOP' && sorted.at(-1)! > 15_000) process.exitCode = 1
}

await all('SIGKILL', count)
await all('SIGSTOP', Math.ceil(count / 10))
