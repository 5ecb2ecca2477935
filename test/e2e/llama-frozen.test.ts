/** Two real llama-servers under load, of which one stands still for a while, with all its connections open. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { missing } from './llama.ts'
import { Crowd, model, quantile } from './llama/crowd.ts'
import { pair, speaks, spokeAt, triesAt, type Try } from './llama/pair.ts'
import { until } from './rig.ts'

const skip = await missing()

/** What is configured here; the default is a minute, for those whose servers think. */
const gapMs = 2_000
/** Long enough that all who had something under way there have noticed. */
const frozenMs = 4_500
/** Sooner than that nothing is called stuck. */
const lateMinMs = 1_000
/** On a machine that has something else to do it is later than it should be. */
const slackMs = 3_000

/** The longest rest of a server that has failed a few times in so short a time. */
const restMs = 4_000

const most = (values: readonly number[]): number => Math.round(Math.max(0, ...values))

suite('A real llama-server that stands still under load', { skip }, () => {
  test('is found out by its silence, left alone, missed by no stream, and serves again when it goes on', async (t) => {
    const { url, servers, script, noted } = await pair(t, [6, 10, 16, 30], {
      models: { [model]: { resume: true } },
      timeouts: { gap: `${gapMs}ms` },
    })
    const crowd = new Crowd(url, script, { callers: 12, wholeOneIn: 4 })
    const streams = (upstream: string): readonly Try[] => triesAt(noted, upstream).filter(({ streamed }) => streamed)
    const isLearned = (): boolean => streams('box-0').length > 45 && streams('box-1').length > 45
    await until(() => isLearned() && speaks(noted, 'box-0'), 30_000, 'it is known how soon they speak')
    const usualMs = streams('box-0').map(({ tookMs }) => tookMs)
    servers[0].freeze()
    const frozenAt = performance.now()
    await wait(frozenMs)
    servers[0].thaw()
    const thawedAt = performance.now()
    await until(() => spokeAt(noted, 'box-0', thawedAt) !== undefined, 20_000, 'it serves again')
    const backMs = spokeAt(noted, 'box-0', thawedAt)! - thawedAt
    const heard = await crowd.end()

    const barMs = Math.max(lateMinMs, 1.5 * quantile(usualMs, 0.99))
    const late = streams('box-0').filter(({ from, tookMs }) => from < thawedAt && from + tookMs > frozenAt)
    const cutMs = late.filter(({ spoke }) => !spoke).map(({ tookMs }) => tookMs)
    const asked = triesAt(noted, 'box-0').filter(({ from }) => from > frozenAt && from < thawedAt)
    const waitedMs = heard
      .filter(({ streamed, startedAt, firstAt }) => streamed && startedAt < thawedAt && firstAt! > frozenAt)
      .map(({ startedAt, firstAt }) => firstAt! - startedAt)
    const carriedOn = noted.filter(({ event }) => event.type === 'resumed' && event.upstream !== undefined)
    t.diagnostic(
      `${heard.length} answers; ${asked.length} were begun at the one that stood still, ${cutMs.length} given up there ` +
        `without a word after at most ${most(cutMs)} ms (bar ${most([barMs])}), ${carriedOn.length} carried on; nobody ` +
        `with a stream waited longer than ${most(waitedMs)} ms; it spoke ${most([backMs])} ms after it went on`,
    )
    assert.deepEqual(
      heard.filter(({ error, right }) => error !== undefined || !right),
      [],
    )
    assert.ok(carriedOn.length > 0, 'it was speaking')
    assert.ok(most(cutMs) < barMs + slackMs, `${most(cutMs)} ms`)
    assert.ok(most(waitedMs) < 2 * barMs + slackMs, `${most(waitedMs)} ms`)
    const afterwards = asked.filter(({ from }) => from > frozenAt + gapMs + 500)
    assert.ok(afterwards.length <= 6, `${afterwards.length} went there when it was known`)
    assert.ok(backMs < restMs + slackMs, `${backMs} ms`)
  })
})
