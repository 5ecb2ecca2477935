import type { Stop, Tuning } from './search.ts'
import type { Step } from './step.ts'
import { bestOf, type Bounds, firstTokenMostMs, isBearable } from './sweet-spot.ts'

/** Why it is that number, for people: a sentence or two. */
export function whyOf({ steps, best, stopped }: Omit<Tuning, 'drift'>, bounds: Bounds): readonly string[] {
  const sentences = [best === undefined ? '' : gainIn(steps, best, bounds), ending(steps, stopped, bounds)]
  return sentences.filter((sentence) => sentence !== '')
}

function gainIn(steps: readonly Step[], best: Step, bounds: Bounds): string {
  const alone = aloneIn(steps)
  if (!isBearable(best, bounds, alone)) return `Already with one at once ${tooSlow(best, bounds, alone)}.`
  const most = bestOf(steps.filter((step) => isBearable(step, bounds, alone)))
  if (most === undefined || most === best) return 'Of all that was tried it gives the most.'
  const share = Math.floor((100 * best.tokensPerSecond) / most.tokensPerSecond)
  return `It gives ${share} % of the most that was seen, ${tokens(most)} with ${most.concurrency} at once.`
}

function ending(steps: readonly Step[], stopped: Stop, bounds: Bounds): string {
  const last = steps.at(-1)
  switch (stopped) {
    case 'no-gain':
      return `With ${last!.concurrency} at once there was no more to gain.`
    case 'too-slow': {
      const alone = aloneIn(steps)
      const slow = steps.find((step) => !isBearable(step, bounds, alone))!
      return slow.concurrency === 1 ? '' : `With ${slow.concurrency} at once ${tooSlow(slow, bounds, alone)}.`
    }
    case 'broke': {
      const broken = steps.find(({ fault }) => fault !== undefined)!
      return `With ${broken.concurrency} at once a request failed, so no more was tried: ${broken.fault!.text}`
    }
    case 'memory':
      return `With more than ${last!.concurrency} at once the server's memory for contexts would be full.`
    case 'max':
      return `No more than ${last!.concurrency} at once were tried.`
    case 'interrupted':
      return 'It was ended before all was tried.'
  }
}

function tooSlow({ firstTokenMs, tokenMs }: Step, bounds: Bounds, alone: Step | undefined): string {
  const most = firstTokenMostMs(bounds, alone)
  if (firstTokenMs !== undefined && firstTokenMs.p95 > most) {
    const usual = bounds.firstTokenMs === undefined ? ' four times as long as one alone and a second' : ''
    const bound = usual === '' ? inWords(most) : `${inWords(most)},${usual}`
    return `one of twenty first tokens takes longer than ${inWords(firstTokenMs.p95)} (the bound is ${bound})`
  }
  return `a token takes ${inWords(tokenMs?.p95 ?? 0)} (the bound is ${inWords(bounds.tokenMs ?? 0)})`
}

export const tokens = ({ tokensPerSecond }: Pick<Step, 'tokensPerSecond'>): string =>
  `${tokensPerSecond < 10 ? tokensPerSecond.toFixed(1) : Math.round(tokensPerSecond)} tokens/s`

export const inWords = (ms: number): string =>
  ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`

const aloneIn = (steps: readonly Step[]): Step | undefined => steps.find(({ concurrency }) => concurrency === 1)
