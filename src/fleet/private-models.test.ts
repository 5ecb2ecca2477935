import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { Cloud } from '../core/ask.ts'
import type { ModelSettings } from '../core/settings.ts'
import type { Offering } from './offering.ts'
import { PrivateModels } from './private-models.ts'

/** A fleet that knows some names and what its servers call what is served under them. */
function privacy(rules: Readonly<Record<string, Cloud>>, serves: Readonly<Record<string, readonly string[]>> = {}) {
  const offerings = new Map<string, Offering>()
  for (const [name, ids] of Object.entries(serves))
    offerings.set(name, { offers: ids.map((id) => ({ model: { id } })) } as unknown as Offering)
  const models = new Map(Object.entries(rules).map(([name, cloud]) => [name, { cloud }]))
  const known = new PrivateModels(models, { offering: (name) => offerings.get(name) })
  return (model: string): boolean => known.isPrivate(model)
}

suite('A model stays at home', () => {
  test('by its name, however it is spelled, and by the name its server has for it', () => {
    const isPrivate = privacy({ 'Secret:latest': 'never' }, { chat: ['secret:latest'], fast: ['other'] })
    for (const name of ['secret', 'SECRET:LATEST', ' secret ', 'chat']) assert.equal(isPrivate(name), true, name)
    for (const name of ['secret:8b', 'secrets', 'fast', 'unknown']) assert.equal(isPrivate(name), false, name)
  })

  test('if any of the servers that have it calls it so', () => {
    assert.equal(privacy({ secret: 'never' }, { chat: ['open', 'secret'] })('chat'), true)
  })

  test('by a pattern, though something else is said of one that it means', () => {
    const models = new Map<string, ModelSettings>([
      ['secret*', { cloud: 'never' }],
      ['secret:8b', { resume: true }],
    ])
    assert.equal(new PrivateModels(models, { offering: () => undefined }).isPrivate('secret:8b'), true)
  })

  test('by a pattern, unless something more exact is said', () => {
    const isPrivate = privacy(
      { '*': 'never', 'gpt-*': 'allowed', 'gpt-home*': 'never', fast: 'allowed' },
      { fast: ['llama3'] },
    )
    assert.deepEqual(['llama3', 'gpt-5', 'GPT-5', 'gpt-home-1', 'fast'].map(isPrivate), [
      true,
      false,
      false,
      true,
      false,
    ])
  })

  test('where two rules are equally exact', () => {
    assert.equal(privacy({ secret: 'never', chat: 'allowed' }, { chat: ['secret'] })('chat'), true)
    assert.equal(privacy({ secret: 'allowed', SECRET: 'never' })('secret'), true)
  })

  test('in no case where nothing is said', () => {
    fc.assert(fc.property(fc.string(), (name) => !privacy({})(name) && !privacy({ 'x-never': 'allowed' })(name)))
  })
})
