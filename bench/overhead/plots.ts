import { barsSvg } from '../../src/plots/bars.ts'
import type { Plot, Table } from '../report/part.ts'

/** The two figures that tell most: what a small request costs, and how long a frame is under way. */
export function plotsOf(tables: ReadonlyMap<string, Table>): readonly Plot[] {
  const plots: Plot[] = []
  const small = barsOf(tables.get('small'), 'CPU µs', 1)
  if (small.length > 1)
    plots.push({
      name: 'overhead-small',
      alt: 'CPU of a small request behind each proxy.',
      svg: barsSvg({
        title: 'CPU of a small request',
        subtitle: '32 at once; the process that stands in between',
        unit: 'µs',
        first: 'spillway',
        isLog: true,
        groups: [{ name: '', bars: small }],
      }),
    })
  const frames = tables.get('frames')
  const [p50, p99] = ['delay p50 µs', 'delay p99 µs'].map((figure) => barsOf(frames, figure, 1_000)) as [Bars, Bars]
  if (p50.length > 1)
    plots.push({
      name: 'overhead-frames',
      alt: 'How long a streamed frame is under way behind each proxy.',
      svg: barsSvg({
        title: 'How long a streamed frame is under way',
        subtitle: '10,000 a second in 200 streams',
        unit: 'ms',
        first: 'spillway',
        isLog: true,
        groups: [
          { name: 'median', bars: p50 },
          { name: 'p99', bars: p99 },
        ],
      }),
    })
  return plots
}

type Bars = readonly { readonly name: string; readonly value: number }[]

function barsOf(table: Table | undefined, figure: string, per: number): Bars {
  const at = table?.columns.findIndex(({ head }) => head === figure) ?? -1
  return (table?.rows ?? []).flatMap((row) => {
    const [name, value] = [row[0], row[at]]
    return typeof name === 'string' && typeof value === 'number' && value > 0 ? [{ name, value: value / per }] : []
  })
}
