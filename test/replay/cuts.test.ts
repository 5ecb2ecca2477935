import { after, test } from 'node:test'
import { everyFixture } from '../conformance/fixtures.ts'
import { Cutter } from './cutter.ts'
import { FrameCuts, shortened } from './frames.ts'
import { scenesOf } from './scenes.ts'

const cutter = new Cutter()
const cuts = new FrameCuts()

after(() => cutter.close())

for (const exchange of everyFixture().filter(({ isStream, status }) => isStream && status === 200)) {
  const short = shortened(exchange)
  const ways = scenesOf(short).length
  if (ways === 0) continue
  const offsets = cuts.offsetsIn(short)
  test(`${exchange.name} is heard alike wherever it is cut: ${offsets.length} places, ${ways} ways`, () =>
    cutter.cut({ name: exchange.name, isShort: true, offsets, strideWhole: 8 }))
}
