import { amountIn, type Unit } from './amount.ts'
import { hueOf, width } from './look.ts'
import { type Heading, page } from './page.ts'
import { fitted } from './plain.ts'
import { drawable, linear, logarithmic } from './scale.ts'
import { element, line } from './xml.ts'

export interface BarsPlot extends Heading {
  readonly unit: Unit
  readonly groups: readonly BarGroup[]
  /** The one that has the first colour wherever it stands, as it has in other pictures. */
  readonly first?: string | undefined
  /** Equal ratios instead of equal lengths: where one is a thousand times another. */
  readonly isLog?: boolean | undefined
  /** What is to be held, if anything: a line through all of them. */
  readonly limit?: { readonly at: number; readonly name: string } | undefined
}

export interface BarGroup {
  readonly name: string
  readonly bars: readonly { readonly name: string; readonly value: number }[]
}

const left = 190
const right = width - 96
const barTall = 16
const rowTall = 22

/** One bar below the other, each with its name before it and its number behind it. Equal names have equal colours. */
export function barsSvg({ title, subtitle, unit, groups, first, isLog = false, limit }: BarsPlot): string {
  const all = groups.flatMap(({ bars }) => bars.map(({ name }) => name))
  const names = [...new Set([...all.filter((name) => name === first), ...all])]
  const values = groups.flatMap(({ bars }) => bars.map(({ value }) => value))
  const shown = limit === undefined ? values : [...values, limit.at]
  const scale = isLog ? logarithmic([...shown, ...leastBelow(shown)]) : linear(shown)
  const at = (value: number): number => left + scale.at(value) * (right - left)
  const zero = at(isLog ? scale.low : 0)
  const parts: string[] = []
  const amounts: string[] = []
  let y = 72
  for (const { name: group, bars } of groups) {
    if (group.trim() !== '') {
      parts.push(line({ class: 'ink strong', x: 20, y: y + 12 }, fitted(group, 80)))
      y += rowTall
    }
    for (const { name, value } of bars) {
      const known = Number.isFinite(value)
      const end = known ? at(value) : zero
      const [from, to] = [Math.min(zero, end), Math.max(zero, end)]
      const look = { class: names.length > 1 ? hueOf(names.indexOf(name)) : hueOf(0), 'fill-opacity': 0.85, rx: 2 }
      if (known) parts.push(element('rect', { ...look, x: from, y, width: Math.max(1, to - from), height: barTall }))
      parts.push(line({ class: 'soft', x: left - 10, y: y + 12, 'text-anchor': 'end' }, fitted(name, 25)))
      amounts.push(line({ class: 'ink label', x: to + 6, y: y + 12 }, amountIn(value, unit)))
      y += rowTall
    }
    y += 10
  }
  if (limit !== undefined && Number.isFinite(limit.at)) {
    const x = at(limit.at)
    parts.push(element('line', { class: 'mark', x1: x, x2: x, y1: 64, y2: y - 6, 'stroke-dasharray': '4 3' }))
    parts.push(line({ class: 'soft small', x, y: y + 8, 'text-anchor': 'middle' }, fitted(limit.name, 50)))
  }
  // No axis tells it.
  const told = isLog ? [subtitle, 'logarithmic scale'].filter(Boolean).join('; ') : subtitle
  return page({ title, subtitle: told }, [...parts, ...amounts].filter((part) => part !== '').join('\n'), y + 22)
}

/** A logarithmic bar has to begin somewhere below the smallest, or that one could not be seen. */
function leastBelow(values: readonly number[]): readonly number[] {
  const least = drawable(values).filter((value) => value > 0)
  return least.length === 0 ? [] : [10 ** Math.floor(Math.log10(Math.min(...least)) - 1e-9)]
}
