import { conclude } from '../../report/conclusion.ts'
import type { PartPlan } from '../../report/part.ts'
import { meanCell } from '../report.ts'
import { find, type Found, type WrongStart, wrongStarts } from '../wrong-start.ts'

const usual = [801, 803] as const

const tooFew =
  'in the slowest seed the first who finds another there comes after 26.7 s and speaks after 30.4 s: until then nobody has waited for anybody, and nothing tells that there is one place; the second who waited, 4 s later, makes it certain'

export const wrongStartPart: PartPlan = {
  name: 'wrong-start',
  title: 'Finding how much a server can do at once',
  about:
    'Nobody tells Spillway how many requests a server can hold. It begins with a number that is wrong, too few or too many, and finds the right one by what it sees; what is measured is how long that takes.',
  workload:
    'A server of four slots or of one, asked for 0.9 or 1.5 times what it can do; the gateway begins at 1, 8 or 16. Ten and a half minutes of each seed.',
  fair: 'Nobody stands beside it: there is no setting of nginx that finds itself. One more than the slots counts as right where a server has several: it is there when a place falls free.',
  kind: 'virtual',
  atMostMs: 5 * 60_000,
  async play({ quick, seeds = quick ? [usual[0], usual[0]] : usual, say }) {
    const all: [WrongStart, Found[]][] = []
    for (const one of quick ? wrongStarts.slice(0, 1) : wrongStarts) {
      const found: Found[] = []
      for (let seed = seeds[0]; seed <= seeds[1]; seed += 1) {
        say(`${one.name}, seed ${seed}`)
        found.push(await find(one, seed))
      }
      all.push([one, found])
    }
    const slowest = (found: readonly Found[]): number =>
      Math.max(...found.map(({ afterMs }) => (afterMs ?? Infinity) / 1_000))
    return {
      tables: [
        {
          title: 'From a wrong start',
          columns: [
            { head: 'start' },
            { head: 'what' },
            { head: 'right after, slowest seed, s', digits: 1 },
            { head: 'right from 30 s on, %', digits: 0 },
            { head: 'mean', digits: 1 },
          ],
          rows: all.map(([{ name, about }, found]) => [
            name,
            about,
            slowest(found),
            meanCell(found.map(({ rightShare }) => rightShare * 100)),
            meanCell(found.map(({ meanPlaces }) => meanPlaces)),
          ]),
        },
      ],
      conclusions: all.map(([{ name, about }, found]) =>
        conclude({
          id: `${name}.after`,
          what: about,
          value: slowest(found),
          unit: 's',
          digits: 1,
          bar: { most: 30 },
          ...(name === 'wrong-start-8-for-1-at-0.9' ? { missedSince: tooFew } : {}),
          kind: 'virtual',
        }),
      ),
      plots: [],
      notMeasured: [],
      seeds: `${seeds[0]} to ${seeds[1]}`,
    }
  },
}
