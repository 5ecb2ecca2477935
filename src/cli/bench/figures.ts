import { amountIn } from '../../plots/amount.ts'
import type { Amount, FigureReport } from './report.ts'

/** Figures as rows of text. */
export interface Rows {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** One figure below the other, with the gateway and without. */
export function plainRows(figures: readonly FigureReport[], hasDirect: boolean): Rows {
  const some = figures.filter(({ group }) => group === undefined)
  return {
    head: ['', 'gateway', ...(hasDirect ? ['direct', 'ratio'] : [])],
    rows: some.map((figure) => [
      figure.what,
      shown(figure.gateway, figure.unit),
      ...(hasDirect ? [shown(figure.direct, figure.unit), ratioOf(figure)] : []),
    ]),
  }
}

/** Those of groups: a row for each group, and in it each figure with the gateway and without. */
export function groupedRows(figures: readonly FigureReport[], hasDirect: boolean): Rows {
  const some = figures.filter(({ group }) => group !== undefined)
  const kinds = [...new Set(some.map(({ what }) => what))]
  const groups = [...new Set(some.map(({ group }) => group))]
  const cells = (group: string | undefined, kind: string): string[] => {
    const figure = some.find((one) => one.group === group && one.what === kind)
    const unit = figure?.unit ?? ''
    const [gateway, direct] = [shown(figure?.gateway ?? null, unit), shown(figure?.direct ?? null, unit)]
    return hasDirect ? [gateway, direct] : [gateway]
  }
  return {
    head: ['', ...kinds.flatMap((kind) => (hasDirect ? [kind, 'direct'] : [kind]))],
    rows: groups.map((group) => [group ?? '', ...kinds.flatMap((kind) => cells(group, kind))]),
  }
}

const shown = (value: Amount, unit: string): string =>
  value === null ? '-' : value === 'never' ? value : amountIn(value, unit)

const ratioOf = ({ ratio }: FigureReport): string => (ratio === null ? '' : `${Number(ratio.toPrecision(3))}`)

/** What each of them says, for who reads it for the first time; each once. */
export const meaningsOf = (figures: readonly FigureReport[]): readonly (readonly [what: string, means: string])[] => [
  ...new Map(figures.map(({ what, means }) => [what, means])),
]
