import { spawnSync } from 'node:child_process'

/**
 * The long campaigns, which a commit's run has only a slice of: `npm run nightly` runs all of them,
 * `npm run nightly -- sim 1000 [first seed]` one of them with a count.
 */
const campaigns: Readonly<Record<string, { readonly file: string; readonly count: string }>> = {
  sim: { file: 'test/sim/campaign.ts', count: '10000' },
  fair: { file: 'test/sim/fairness-campaign.ts', count: '1000' },
  limits: { file: 'test/sim/limits-campaign.ts', count: '20' },
  resume: { file: 'test/sim/resume-campaign.ts', count: '1000' },
  money: { file: 'test/sim/money-campaign.ts', count: '200' },
  rush: { file: 'test/accounts/rush-campaign.ts', count: '1000' },
  budgets: { file: 'test/accounts/campaign.ts', count: '1000' },
  cuts: { file: 'test/replay/cut-campaign.ts', count: '3000' },
  reload: { file: 'test/cli/reload-campaign.ts', count: '1000' },
  restarts: { file: 'test/cli/restart-campaign.ts', count: '50' },
  'key-timing': { file: 'test/keys/timing-campaign.ts', count: '1000000' },
  killed: { file: 'test/storms/killed-campaign.ts', count: '20' },
  crashes: { file: 'test/cli/crash-campaign.ts', count: '50' },
  audit: { file: 'test/ledger/audit-campaign.ts', count: '10000' },
  'ledger-kills': { file: 'test/ledger/kill-campaign.ts', count: '1000' },
  storms: { file: 'test/storms/campaign.ts', count: '10' },
  postgres: { file: 'test/postgres/campaign.ts', count: '1000' },
  h1: { file: 'test/fuzz/h1.fuzz.ts', count: '200000' },
  requests: { file: 'test/fuzz/requests.fuzz.ts', count: '1000000' },
  replies: { file: 'test/fuzz/replies.fuzz.ts', count: '1000000' },
  race: { file: 'test/ledger/race-campaign.ts', count: '1000' },
  tamper: { file: 'test/ledger/tamper-campaign.ts', count: '10000' },
  faults: { file: 'test/faults/run.ts', count: 'all' },
}

const [wanted, count, ...rest] = process.argv.slice(2)
if (wanted !== undefined && campaigns[wanted] === undefined) {
  console.error(`There is no campaign called ${wanted}. There are: ${Object.keys(campaigns).join(', ')}.`)
  process.exit(2)
}

let failed = 0
let passed = 0
for (const [name, campaign] of Object.entries(campaigns)) {
  if (wanted !== undefined && name !== wanted) continue
  console.log(`${name}: ${count ?? campaign.count}`)
  const { status } = spawnSync(process.execPath, [campaign.file, count ?? campaign.count, ...rest], {
    stdio: 'inherit',
  })
  if (status === 0) passed += 1
  else failed += 1
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
