import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dialects } from './index.ts'

const ask = (content: unknown, more: object = {}) => ({ model: 'm', messages: [{ role: 'user', content }], ...more })

// Every dialect in which one converses has messages, and weighs them alike.
for (const dialect of dialects.filter(({ id }) => id.endsWith('-chat'))) {
  const tokens = (body: object): number => dialect.glance(body as never).promptTokens

  test(`${dialect.id}: twice the text is twice the tokens, about four bytes each`, () => {
    const base = tokens(ask(''))
    assert.equal(tokens(ask('x'.repeat(40_000))) - base, 10_000)
    assert.equal(tokens(ask('ü'.repeat(40_000))) - base, 20_000)
  })

  test(`${dialect.id}: a long text is weighed by samples, to a hundredth of what it weighs`, () => {
    const base = tokens(ask(''))
    for (const part of ['the water and the mill ', 'вода и мельница ', '水車と水。', 'well — “so” it goes 🚰\n']) {
      const text = `${part.repeat(9_000)}${'x'.repeat(30_000)}${part.repeat(3_000)}`
      const exact = Buffer.byteLength(text) / 4
      const estimated = tokens(ask(text)) - base
      assert.ok(Math.abs(estimated - exact) <= exact / 100, `${part}: ${estimated} for ${exact}`)
    }
  })

  test(`${dialect.id}: tools count, and so does text in fields that nobody looks into`, () => {
    const tool = { type: 'function', function: { name: 'f', description: 'd'.repeat(4_000) } }
    assert.ok(tokens(ask('hi', { tools: [tool] })) > 1_000)
    assert.ok(tokens({ model: 'm', messages: [{ role: 'user', CONTENT: 'x'.repeat(4_000) }] }) > 1_000)
  })

  test(`${dialect.id}: a picture costs the same whatever it weighs`, () => {
    const withPicture = (size: number): object =>
      dialect.id === 'ollama-chat'
        ? { model: 'm', messages: [{ role: 'user', content: 'hi', images: ['x'.repeat(size)] }] }
        : ask([{ type: 'image_url', image_url: { url: `data:image/png;base64,${'x'.repeat(size)}` } }])
    assert.equal(tokens(withPicture(10)), tokens(withPicture(1_000_000)))
    assert.ok(tokens(withPicture(10)) > 500)
  })

  test(`${dialect.id}: what is nested beyond reason is refused before anybody walks it`, () => {
    let deep: unknown = 'x'
    for (let depth = 0; depth < 5_000; depth += 1) deep = [deep]
    assert.throws(() => tokens(ask('hi', { extra: deep })), { kind: 'bad-request' })
  })
}
