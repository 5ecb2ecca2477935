import { join } from 'node:path'
import type { World } from '../../src/core/world.ts'
import { type Ends, folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { readRecording, type Recording } from '../../src/recording/read.ts'
import { playHour } from './asking.ts'
import { askers, type Hour } from './questions.ts'

export interface Recorded {
  readonly recording: Recording
  /** Answers that were not what they should be; there should be none. */
  readonly broken: number
}

/** `spillway serve` before a server, as an operator starts it, for one hour; and what it has recorded of it. */
export async function recordHour(
  ends: Ends,
  world: World,
  { origin, slots, hour }: { readonly origin: string; readonly slots: number; readonly hour: Hour },
): Promise<Recorded> {
  const folder = folderWith(ends, {})
  const config = {
    listen: '127.0.0.1:0',
    admin: { listen: '127.0.0.1:0' },
    data_dir: join(folder, 'data'),
    upstreams: [{ name: 'llama', kind: 'llamacpp', url: origin, concurrency: slots }],
    callers: askers.map(({ name, key, priority, patienceMs: patience }) => ({ name, key, priority, patience })),
  }
  // What is JSON is YAML as well.
  const files = folderWith(ends, { 'spillway.yaml': JSON.stringify(config) })
  const gateway = spillway(ends, ['serve', '--config', join(files, 'spillway.yaml')], { cwd: files })
  const [, url = ''] = await gateway.says(/Spillway listens on (http:\/\/127\.0\.0\.1:\d+)/)
  const fates = await playHour(world, url, hour)
  gateway.child.kill('SIGTERM')
  const { code, err } = await gateway.ended
  if (code !== 0) throw new Error(`The gateway ended with ${code}: ${err}`)
  const recording = readRecording(join(folder, 'data', 'recordings'))
  return { recording, broken: fates.filter((fate) => fate === 'broken').length }
}
