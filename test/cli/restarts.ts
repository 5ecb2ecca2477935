import { once } from 'node:events'
import { type Ends } from '../../src/cli/process.test-helper.ts'
import { Crowd, type Fate, steadyConfig, steadyServer, type Tempo } from './crowd.ts'
import { serve } from './rig.ts'

export interface Restarts {
  readonly count: number
  readonly streams: number
  readonly tempo: Tempo
}

export interface RestartsReport extends Fate {
  /** From the signal until the new process serves, each. */
  readonly tookMs: readonly number[]
  readonly code: unknown
}

/** A supervised gateway that is restarted again and again under streams and under callers who come all the time. */
export async function restarts(t: Ends, { count, streams, tempo }: Restarts): Promise<RestartsReport> {
  const { running, url, adminUrl } = await serve(t, steadyConfig(await steadyServer(t, tempo)), ['--supervised'])
  const crowd = new Crowd(url, tempo, streams)
  while (crowd.live < streams / 2) await new Promise((resolve) => setTimeout(resolve, 20))
  const tookMs: number[] = []
  let { pid } = (await (await fetch(`${adminUrl}/api/status`)).json()) as { pid: string | number }
  while (tookMs.length < count) {
    const startedAt = performance.now()
    running.child.kill('SIGUSR2')
    const [, next] = await running.says(new RegExp(`Process (\\d+) serves now; ${pid} ends`))
    pid = next!
    tookMs.push(performance.now() - startedAt)
  }
  const fate = await crowd.end()
  const exited = once(running.child, 'exit')
  running.child.kill('SIGTERM')
  const [code] = (await exited) as unknown[]
  return { ...fate, tookMs, code }
}
