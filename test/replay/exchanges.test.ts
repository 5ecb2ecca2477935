import { after, before, suite, test } from 'node:test'
import { everyFixture } from '../conformance/fixtures.ts'
import { scenesOf } from './scenes.ts'
import { openStage, type Stage } from './stage.ts'
import { judge } from './verdict.ts'

const programme = everyFixture()
  .map((exchange) => ({ exchange, scenes: scenesOf(exchange) }))
  .filter(({ scenes }) => scenes.length > 0)

suite('Through the gateway, between real sockets,', { concurrency: 8 }, () => {
  let stage: Stage

  before(async () => {
    stage = await openStage(programme.flatMap(({ scenes }) => scenes))
  })

  after(() => stage.close())

  for (const { exchange, scenes } of programme) {
    test(`every caller hears ${exchange.name} as it was: ${scenes.length} ways`, async () => {
      await Promise.all(
        scenes.map(async (scene) => {
          try {
            judge(scene, await stage.perform(scene), stage.outcome(scene))
          } catch (error) {
            throw new Error(`${scene.name}: ${(error as Error).message}`, { cause: error })
          }
        }),
      )
    })
  }
})
