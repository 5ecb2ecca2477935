import { join } from 'node:path'
import { type Ends, folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { readRecording, type Recording } from '../../src/recording/read.ts'
import { askers } from './questions.ts'

/** `spillway serve` before a server, as an operator starts it. */
export interface Recorder {
  readonly url: string
  /** Ends it, and reads what it has recorded. */
  end(): Promise<Recording>
}

export async function recorderBefore(ends: Ends, origin: string, slots: number): Promise<Recorder> {
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
  const end = async (): Promise<Recording> => {
    gateway.child.kill('SIGTERM')
    const { code, err } = await gateway.ended
    if (code !== 0) throw new Error(`The gateway ended with ${code}: ${err}`)
    return readRecording(join(folder, 'data', 'recordings'))
  }
  return { url, end }
}
