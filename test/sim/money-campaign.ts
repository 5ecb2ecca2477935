import { spending } from './spending.ts'

/** Requests that cost money, many times: `node test/sim/money-campaign.ts 200 [first seed]`, 500 requests each. */
const [count = 20, first = 1] = process.argv.slice(2).map(Number)
const requests = 500

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const sums = { requests: 0, entries: 0, tries: 0, estimatedTries: 0, released: 0, hedged: 0, resumed: 0, denied: 0 }
let [tokens, estimatedTokens] = [0, 0]
const failed: number[] = []
for (let seed = first; seed < first + count; seed += 1) {
  try {
    const spent = await spending(seed, requests)
    sums.requests += requests
    sums.entries += spent.entries.length
    sums.tries += spent.tries.length
    sums.estimatedTries += spent.tries.filter(({ estimated }) => estimated).length
    sums.released += spent.tries.filter(({ state }) => state === 'released').length
    sums.hedged += spent.hedged
    sums.resumed += spent.resumed
    sums.denied += spent.denied
    tokens += spent.tokens
    estimatedTokens += spent.estimatedTokens
  } catch (error) {
    failed.push(seed)
    say(error instanceof Error ? error.message : String(error))
    say(`  again: node test/sim/money-campaign.ts 1 ${seed}`)
  }
}
say(JSON.stringify(sums))
say(`of ${tokens} tokens ${((100 * estimatedTokens) / tokens).toFixed(2)} % were counted by nobody`)
say(`${count - failed.length} passed, ${failed.length} failed${failed.length > 0 ? `: ${failed.join(' ')}` : ''}`)
if (failed.length > 0) process.exitCode = 1
