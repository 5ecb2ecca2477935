import { fixture } from '../conformance/fixtures.ts'
import { holdWhereverCut } from './cuts.ts'
import { shortened } from './frames.ts'
import { scenesOf } from './scenes.ts'

/** A stream to be cut, and where. */
export interface CutTask {
  readonly name: string
  /** Without frames that are like those around them. */
  readonly isShort: boolean
  readonly offsets: readonly number[]
  /** An answer that is put together is cut only at every so many of them: it is read like one that is streamed. */
  readonly strideWhole: number
}

// Faults by the hundred thousand, and nobody reads where they were made.
Error.stackTraceLimit = 3

/** Answers each task with what was wrong, or with an empty text. */
process.on('message', (task: CutTask) => {
  void run(task).then(
    () => process.send?.(''),
    (error: unknown) => process.send?.(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  )
})

async function run({ name, isShort, offsets, strideWhole }: CutTask): Promise<void> {
  const exchange = fixture(name)
  for (const scene of scenesOf(isShort ? shortened(exchange) : exchange)) {
    const stride = scene.stream ? 1 : strideWhole
    await holdWhereverCut(scene, stride === 1 ? offsets : offsets.filter((_, index) => index % stride === 0))
  }
}
