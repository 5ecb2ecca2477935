/** A thousand configurations, for the night: `node test/cli/reload-campaign.ts 1000 [seed]`. */
import { campaign, crowded } from './campaign.ts'
import { reloads } from './reloads.ts'

const [count = 100, seed = 1] = process.argv.slice(2).map(Number)

await campaign(async (t) => reloads(t, { ...crowded, count, seed }))
