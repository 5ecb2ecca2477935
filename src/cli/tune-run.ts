import { mostFor, nanoPerDollar } from '../core/money.ts'
import { costsMoney } from '../accounts/price-tags.ts'
import { throughServe } from '../trial/through-serve.ts'
import { Questions } from '../trial/question.ts'
import { strictly } from '../trial/tuning/alone.ts'
import { Company } from '../trial/tuning/company.ts'
import { ladder } from '../trial/tuning/ladder.ts'
import { tune, type Tuning } from '../trial/tuning/search.ts'
import { answersFor } from '../trial/tuning/step.ts'
import { warmUp } from '../trial/tuning/warm-up.ts'
import type { Redrawn } from './redrawn.ts'
import { neighbourOf, type Place } from './tune-place.ts'
import { modelOn, openTuneServer, priceOn, TuneFault, type TuneServer } from './tune-server.ts'
import { progressLine, stepLine, type Tuned } from './tune-view.ts'

/** What is to be found out, as the flags say it. */
export interface Wishes {
  readonly model?: string
  readonly promptTokens: number
  readonly outputTokens: number
  readonly max: number
  readonly seconds?: number
  readonly firstTokenMax?: number
  readonly timePerTokenMax?: number
  readonly paid?: true
}

interface Audience {
  readonly signal: AbortSignal
  readonly line: Redrawn
}

/** Asks the server, and tells on the way how it goes. Throws a TuneFault where that is not possible. */
export async function findOut(place: Place, wishes: Wishes, audience: Audience): Promise<Tuned> {
  const { settings, upstream, transport } = place
  const server = await openTuneServer({ settings, upstream, transport, max: wishes.max })
  try {
    const model = modelOn(server.upstream, wishes.model)
    checkPaid(place, server, model, wishes)
    return await measure(place, server, { ...wishes, model }, audience)
  } finally {
    await server.close()
  }
}

async function measure(
  place: Place,
  { world, gateway, upstream }: TuneServer,
  wishes: Wishes & { readonly model: string },
  { signal, line }: Audience,
): Promise<Tuned> {
  const { model, promptTokens, outputTokens, max, seconds, firstTokenMax, timePerTokenMax } = wishes
  const { name, backend } = upstream.settings
  const bounds = { firstTokenMs: firstTokenMax, tokenMs: timePerTokenMax }
  const look = backend.gauge && (() => backend.gauge!(upstream.call))
  const company = new Company({ world, look, ours: () => upstream.inFlight })
  const warnings = await beforehand(place, company)
  for (const warning of warnings) line.say(`Mind: ${warning}`)

  line.say(`Warming up ${model} on ${name}; where it is not in memory it is loaded now. Ctrl-C ends it.`)
  const target = strictly(throughServe(gateway, { model }), gateway)
  const questions = new Questions({ random: () => world.random(), promptTokens, outputTokens })
  const failed = await warmUp(target, questions, signal)
  const about = { upstream: name, model, promptTokens, outputTokens, bounds }
  if (signal.aborted) return { ...about, tuning: nothing, warnings }
  if (failed !== undefined)
    throw new TuneFault(`${name} does not answer with ${model}: ${failed.complaint ?? failed.fault}`)

  const tuning = await tune({
    world,
    target,
    questions: questions.next,
    company,
    max,
    bounds,
    spanMs: seconds === undefined ? undefined : seconds * 1_000,
    signal,
    onProgress: (progress) => line.draw(progressLine(progress), world.now()),
    onStep: (step) => line.say(stepLine(step)),
  })
  const others = Math.max(0, ...tuning.steps.map((step) => step.others ?? 0))
  if (others > 0) warnings.push(`${requests(others)} of others ran there meanwhile; alone it may do better.`)
  const { best, drift = 1 } = tuning
  if (Math.abs(drift - 1) > driftMost) {
    const times = `${drift.toFixed(1)} times as fast as before`
    warnings.push(
      `${best!.concurrency} at once were ${times} when measured again: the machine does other work. Run it again.`,
    )
  }
  return { ...about, tuning, warnings }
}

/** Further apart than this, what was measured first and last cannot be compared. */
const driftMost = 0.2

const nothing: Tuning = { steps: [], best: undefined, stopped: 'interrupted', drift: undefined }

async function beforehand(place: Place, company: Company): Promise<string[]> {
  const [neighbour, { others = 0 }] = await Promise.all([neighbourOf(place), company.now()])
  const busy = others > 0 ? `${requests(others)} of others are under way at ${place.upstream.name} now.` : undefined
  return [neighbour, busy].filter((warning) => warning !== undefined)
}

const requests = (count: number): string => (count === 1 ? '1 request' : `${count} requests`)

/** Nobody is to pay by mistake. */
function checkPaid({ settings }: Place, { upstream, world }: TuneServer, model: string, wishes: Wishes): void {
  if (!costsMoney(upstream.settings) || wishes.paid === true) return
  const price = priceOn(upstream, model, settings, world.epochMs())
  const { name } = upstream.settings
  const { promptTokens, outputTokens, max } = wishes
  const answers = [...ladder(max)].reduce((sum, concurrency) => sum + answersFor(concurrency), 0)
  const cost =
    price === undefined
      ? 'What that costs is not known.'
      : `That is about $${((answers * mostFor(promptTokens, outputTokens, price)) / nanoPerDollar).toFixed(2)}.`
  throw new TuneFault(
    `${name} costs money: up to ${max} at once are some ${answers} requests. ${cost} With --paid it is asked all the same.`,
  )
}
