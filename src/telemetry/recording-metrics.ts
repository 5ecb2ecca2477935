import type { Registry } from './registry.ts'

/** What became of the lines that are to be played again. */
export interface RecordingCounts {
  readonly rows: number
  readonly dropped: number
  readonly bytes: number
}

export function measureRecording(registry: Registry, counts: RecordingCounts): void {
  registry.counted(
    { name: 'spillway_recording_rows_total', help: 'Lines written to the recording.', labels: [] },
    (sample) => sample(counts.rows),
  )
  registry.counted(
    {
      name: 'spillway_recording_dropped_total',
      help: 'Lines of the recording that could not be written: the disk was full or too slow.',
      labels: [],
    },
    (sample) => sample(counts.dropped),
  )
  registry.counted(
    { name: 'spillway_recording_bytes_total', help: 'Bytes written to the recording.', labels: [] },
    (sample) => sample(counts.bytes),
  )
}
