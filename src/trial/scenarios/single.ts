import { quantile } from '../../core/quantile.ts'
import { type Sample, tokenMsOf } from '../sample.ts'
import { firstTokens, isWhole, quantileOf, whatFailed } from './fate.ts'
import { armsOf, bySide, type Field, type Figure, type Result, type Scenario, sideNames } from './scenario.ts'

/** One at a time: what the gateway adds to an answer when there is nothing to decide. */
export const single: Scenario = {
  name: 'single',
  title: 'One at a time',
  about:
    'One request after the other. With and without the gateway in turn, each pair at the same server and of the same length, so that what the server does by itself is in both.',
  lastsMs: ({ forMs, answerMs, hasDirect }) => Math.max(forMs, pairsLeast * answerMs * (hasDirect ? 2 : 1)),
  run: runSingle,
}

const pairsLeast = 4
/** Where nobody answers, there is nothing to be had by asking as fast as one can. */
const restMs = 500

/** One asked both ways; `direct` is missing where the servers are not known. */
interface Pair {
  readonly gateway: Sample
  readonly direct: Sample | undefined
}

async function runSingle(field: Field): Promise<Result> {
  const { world, forMs, signal, say } = field
  const pairs: Pair[] = []
  const untilMs = world.now() + forMs
  while (!signal.aborted && (world.now() < untilMs || pairs.length < pairsLeast)) {
    const pair = await askBoth(field, pairs.length % 2 === 1, pairs.at(-1)?.gateway.upstream)
    if (signal.aborted) break
    pairs.push(pair)
    if (pair.gateway.fault !== undefined || pair.direct?.fault !== undefined) await world.sleep(restMs, signal)
    say(`one at a time: ${pairs.length} ${field.direct === undefined ? 'asked' : 'pairs'}`)
  }
  return told(field, pairs)
}

/** Who goes first changes, so that neither always finds the server rested. */
async function askBoth(field: Field, isDirectFirst: boolean, upstream: string | undefined): Promise<Pair> {
  const { gateway, direct, questions, signal } = field
  const [one, other] = [questions.next(), questions.next()]
  if (direct === undefined) return { gateway: await gateway.ask(one, signal), direct: undefined }
  const same = { ...other, outputTokens: one.outputTokens }
  if (isDirectFirst) {
    const straight = await direct.askAt(upstream, one, signal)
    return { gateway: await gateway.ask(same, signal), direct: straight }
  }
  const through = await gateway.ask(one, signal)
  return { gateway: through, direct: await direct.askAt(through.upstream, same, signal) }
}

function told(field: Field, pairs: readonly Pair[]): Result {
  const arms = armsOf(field)
  const samples = {
    gateway: pairs.map(({ gateway }) => gateway),
    direct: pairs.flatMap(({ direct }) => direct ?? []),
  }
  const figure = (
    id: string,
    what: string,
    means: string,
    share: number,
    of: (sample: Sample) => number | undefined,
  ): Figure => ({ id, what, means, unit: 'ms', ...bySide(arms, (side) => quantileOf(samples[side], share, of)) })
  const wholeMs = (sample: Sample): number | undefined => (isWhole(sample) ? sample.totalMs : undefined)
  const notes = arms.map(({ side }) => whatFailed(samples[side], sideNames[side])).filter((note) => note !== undefined)
  return {
    figures: [
      figure(
        'first_token_p50_ms',
        'first token, half within',
        'half of all heard the first word by then',
        0.5,
        (one) => one.firstTokenMs,
      ),
      figure(
        'first_token_p95_ms',
        'first token, 95 % within',
        'all but one in twenty heard it by then',
        0.95,
        (one) => one.firstTokenMs,
      ),
      figure('token_ms', 'each further token', 'between two words of an answer, in the middle', 0.5, tokenMsOf),
      figure('answer_p50_ms', 'whole answer, half within', 'from the question to its last word', 0.5, wholeMs),
      ...added(pairs),
    ],
    plots: [
      {
        type: 'distribution',
        name: 'single-first-token',
        title: 'One at a time: first token',
        label: 'first token within',
        series: arms.map(({ side }) => ({ name: sideNames[side], values: firstTokens(samples[side]) })),
      },
    ],
    notes: [`${pairs.length} ${arms.length > 1 ? 'pairs' : 'requests'}.`, ...notes],
    isWhole: !field.signal.aborted,
  }
}

/** Of each pair the difference, and of these the middle: that a server is now faster and now slower falls out of it. */
function added(pairs: readonly Pair[]): readonly Figure[] {
  const differences = (of: (sample: Sample) => number | undefined): readonly number[] =>
    pairs.flatMap(({ gateway, direct }) => {
      // Only where the same server answered both of them.
      if (direct === undefined || (gateway.upstream ?? direct.upstream) !== direct.upstream) return []
      const [through, straight] = [of(gateway), of(direct)]
      return through === undefined || straight === undefined ? [] : [through - straight]
    })
  const figure = (id: string, what: string, means: string, values: readonly number[]): readonly Figure[] =>
    values.length === 0 ? [] : [{ id, what, means, unit: 'ms', gateway: quantile(values, 0.5), direct: undefined }]
  return [
    ...figure(
      'added_first_token_ms',
      'added to the first token',
      'by how much it came later than straight from the server, in the middle of all pairs; below 0 it is lost in the noise',
      differences(({ firstTokenMs }) => firstTokenMs),
    ),
    ...figure(
      'added_token_ms',
      'added to each further token',
      'the same for what comes after it',
      differences(tokenMsOf),
    ),
  ]
}
