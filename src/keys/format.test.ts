import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { isEnv, newId, newKey, readKey, shownKey } from './format.ts'

const envs = fc.stringMatching(/^[a-z0-9]{1,12}$/)
const keys = envs.map((env) => newKey({ env, id: newId() }))

suite('A key', () => {
  test('tells what it is for and its public id, and can be put into any header, address or shell as it is', () => {
    fc.assert(
      fc.property(envs, (env) => {
        const id = newId()
        const key = newKey({ env, id })
        assert.deepEqual(readKey(key), { env, id })
        assert.match(key, /^sk-sw-[a-z0-9]{1,12}-[0-9a-hjkmnp-tv-z]{8}-[\w-]{43}-[0-9A-Za-z]{6}$/)
        assert.ok(isEnv(env))
      }),
    )
  })

  test('is known for a wrong one when any letter of it is another, two have changed places, or one is missing', () => {
    const letters = fc.stringMatching(/^[\w-]$/)
    fc.assert(
      fc.property(keys, fc.nat(), letters, (key, seed, letter) => {
        const at = seed % key.length
        const [before, after] = [key.slice(0, at), key.slice(at + 1)]
        if (key[at] !== letter) assert.equal(readKey(`${before}${letter}${after}`), undefined)
        assert.equal(readKey(before + after), undefined)
        const swapped = `${before}${after.slice(0, 1)}${key[at]}${after.slice(1)}`
        if (swapped !== key) assert.equal(readKey(swapped), undefined)
      }),
      { numRuns: 2_000 },
    )
  })

  test('is nothing else that may look like one', () => {
    fc.assert(fc.property(fc.string(), (text) => assert.equal(readKey(text), undefined)))
    const key = newKey({ env: 'live', id: newId() })
    for (const wrong of [` ${key}`, `${key}\n`, key.toUpperCase(), key.replace('sk-sw', 'sk-ow'), `${key}${key}`, ''])
      assert.equal(readKey(wrong), undefined)
  })

  test('is shown without its secret', () => {
    const name = { env: 'live', id: newId() }
    assert.equal(newKey(name).slice(0, shownKey(name).length - 1), shownKey(name).slice(0, -1))
    assert.ok(shownKey(name).length < 30)
  })

  test('has a secret of its own each time, also under the same id', () => {
    const name = { env: 'live', id: newId() }
    const many = new Set(Array.from({ length: 1_000 }, () => newKey(name)))
    assert.equal(many.size, 1_000)
  })
})
