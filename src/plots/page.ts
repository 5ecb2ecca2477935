import { amountIn, type Unit } from './amount.ts'
import { type Area, area, height, style, width } from './look.ts'
import { fitted } from './plain.ts'
import type { Scale } from './scale.ts'
import { element, escaped, line } from './xml.ts'

export interface Heading {
  readonly title: string
  /** What was measured and how, in one line. */
  readonly subtitle?: string | undefined
}

/** A whole picture: a file that needs nothing from elsewhere. */
export function page({ title, subtitle = '' }: Heading, content: string, tall: number = height): string {
  const inside = [
    element('title', {}, escaped(title) || 'Plot'),
    `<style>${style}</style>`,
    element('rect', { class: 'page', width, height: tall, rx: 6 }),
    line({ class: 'title ink', x: 20, y: 30 }, fitted(title, 86)),
    line({ class: 'soft', x: 20, y: 50 }, fitted(subtitle, 118)),
    content,
  ]
  const about = { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${tall}`, role: 'img' }
  return `${element('svg', about, inside.filter((part) => part !== '').join('\n'))}\n`
}

export interface AxisLook {
  readonly scale: Scale
  readonly unit: Unit
  readonly label: string
}

export const xAt = (scale: Scale, value: number, { left, right }: Area = area): number =>
  left + scale.at(value) * (right - left)

export const yAt = (scale: Scale, value: number, { top, bottom }: Area = area): number =>
  bottom - scale.at(value) * (bottom - top)

/** Two axes with a few numbers each, and thin lines to find them again in the middle. */
export function axes(x: AxisLook, y: AxisLook): string {
  const { left, top, right, bottom } = area
  const across = y.scale.ticks.flatMap((tick) => {
    const at = yAt(y.scale, tick)
    return [
      element('line', { class: 'grid', x1: left, x2: right, y1: at, y2: at }),
      line({ class: 'soft', x: left - 8, y: at + 4, 'text-anchor': 'end' }, amountIn(tick, y.unit)),
    ]
  })
  const upward = x.scale.ticks.flatMap((tick) => {
    const at = xAt(x.scale, tick)
    return [
      element('line', { class: 'grid', x1: at, x2: at, y1: top, y2: bottom }),
      line({ class: 'soft', x: at, y: bottom + 18, 'text-anchor': 'middle' }, amountIn(tick, x.unit)),
    ]
  })
  return [
    ...across,
    ...upward,
    element('line', { class: 'axis', x1: left, x2: right, y1: bottom, y2: bottom }),
    line({ class: 'ink', x: (left + right) / 2, y: bottom + 42, 'text-anchor': 'middle' }, fitted(told(x), 90)),
    // Level, over the axis: nobody likes to turn the head.
    line({ class: 'ink', x: 20, y: top - 16 }, fitted(told(y), 60)),
  ].join('\n')
}

const told = ({ label, scale: { beware } }: AxisLook): string => (beware === undefined ? label : `${label} (${beware})`)
