/** Restart after restart, for the night: `node test/cli/restart-campaign.ts 50`. */
import { campaign, crowded } from './campaign.ts'
import { restarts } from './restarts.ts'

const [count = 10] = process.argv.slice(2).map(Number)

await campaign(async (t) => {
  const { code, ...report } = await restarts(t, { ...crowded, count })
  return { ...report, wrong: code === 0 ? [] : [`It ended with ${String(code)}.`] }
})
