/**
 * Loaded into Spillway by profile.ts: samples who allocates, also what was collected since, and writes it at the end.
 */
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'

const session = new Session()
session.connect()
const start = (): void =>
  session.post('HeapProfiler.startSampling', {
    samplingInterval: 16 * 1_024,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  })
start()
process.on('exit', () => {
  session.post('HeapProfiler.stopSampling', (_, { profile }) => {
    writeFileSync(process.env['BENCH_ALLOCATIONS']!, JSON.stringify(profile.head))
  })
})
