/** The storms as long as they have to be: `node test/storms/campaign.ts [seconds of hang-ups]`, with 300 who never read. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const storms = fileURLToPath(new URL('storms.test.ts', import.meta.url))
const env = { ...process.env, SPILLWAY_STORM_SECONDS: process.argv[2] ?? '10', SPILLWAY_STORM_READERS: '300' }
process.exitCode = spawnSync(process.execPath, ['--test', storms], { stdio: 'inherit', env }).status ?? 1
