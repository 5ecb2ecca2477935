import assert from 'node:assert/strict'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { keySuite } from '../../test/conformance/keys.ts'
import { BooksFault } from '../ledger/books.ts'
import { KeyHouse } from './keys.test-helper.ts'

const ann = { actor: 'cli:ann' }

keySuite('SQLite')

suite('When the database does not answer', () => {
  const gone = (): Promise<never> => Promise.reject(new BooksFault('gone', 'It is not there.'))

  test('the keys that were known last go on to count, and that is said', async (t) => {
    const house = new KeyHouse(t)
    const { key } = await house.desk().create({ name: 'chat-ui' }, ann)
    let isGone = false
    const run: typeof house.books.run = (...args) => (isGone ? gone() : house.books.run(...args))
    const ring = await house.ring({ run })
    isGone = true
    for (let looks = 0; looks < 8; looks += 1) await ring.look()
    assert.equal(house.who(ring, key)?.id, 'chat-ui')
    assert.equal(house.notices.length, 1)
    assert.match(house.notices[0]!, /those that were known last go on: It is not there\.$/)
    isGone = false
    await ring.look()
    assert.equal(house.notices.at(-1), 'The keys can be read again.')
  })

  test('from the start, the door is shut where a key was ever made, and open where none was', async (t) => {
    const house = new KeyHouse(t)
    assert.equal((await house.ring({ run: gone })).isUsed, false)
    await house.desk().create({ name: 'chat-ui' }, ann)
    const ring = await house.ring({ run: gone })
    assert.equal(ring.isUsed, true)
    assert.equal(house.who(ring, undefined), undefined)
  })
})

suite('The pepper', () => {
  test('is made with the first key, for its owner alone, and never changed', async (t) => {
    const house = new KeyHouse(t)
    const file = join(house.folder, 'pepper')
    await house.ring()
    assert.equal(existsSync(file), false)
    await house.desk().create({ name: 'a' }, ann)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const text = readFileSync(file, 'utf8')
    assert.match(text, /^[\da-f]{64}\n$/)
    await house.desk().create({ name: 'b' }, ann)
    assert.equal(readFileSync(file, 'utf8'), text)
    assert.deepEqual(
      readdirSync(house.folder).filter((name) => name.startsWith('pepper')),
      ['pepper'],
    )
  })

  test('may come from a variable, and is the same then as the file that it was copied from', async (t) => {
    const house = new KeyHouse(t)
    const { key } = await house.desk().create({ name: 'a' }, ann)
    const file = join(house.folder, 'pepper')
    house.env = { SPILLWAY_PEPPER: readFileSync(file, 'utf8').trim() }
    rmSync(file)
    assert.equal(house.who(await house.ring(), key)?.id, 'a')
    assert.equal(existsSync(file), false)
  })

  test('CVE-2026-41432 of others: an empty or short secret is refused, not taken for none', async (t) => {
    for (const secret of ['', '   ', 'x'.repeat(31)]) {
      const house = new KeyHouse(t)
      house.env = { SPILLWAY_PEPPER: secret }
      await assert.rejects(house.desk().create({ name: 'a' }, ann), { message: /SPILLWAY_PEPPER is too short/ })
      const ring = await house.ring()
      assert.equal(ring.isUsed, false)
    }
  })

  test('is refused where others on the machine may read it, and then no key counts', async (t) => {
    const house = new KeyHouse(t)
    const { key } = await house.desk().create({ name: 'a' }, ann)
    const file = join(house.folder, 'pepper')
    for (const mode of [0o640, 0o604, 0o620, 0o602, 0o666]) {
      chmodSync(file, mode)
      const ring = await house.ring()
      assert.equal(house.who(ring, key), undefined)
      assert.equal(ring.isUsed, true)
      await assert.rejects(house.desk().create({ name: 'b' }, ann), { message: /can be read by others/ })
    }
    assert.ok(house.notices.some((text) => text.includes(`chmod 600 ${file}`)))
    chmodSync(file, 0o400)
    assert.equal(house.who(await house.ring(), key)?.id, 'a')
  })

  test('other than the one that the keys were made with is told apart from wrong keys', async (t) => {
    const house = new KeyHouse(t)
    const { id, key } = await house.desk().create({ name: 'a' }, ann)
    writeFileSync(join(house.folder, 'pepper'), 'f'.repeat(64), { mode: 0o600 })
    const ring = await house.ring()
    assert.deepEqual([ring.isUsed, house.who(ring, key)], [true, undefined])
    assert.match(house.notices.join('\n'), /made with another pepper than the one here/)
    for (const made of [house.desk().create({ name: 'b' }, ann), house.desk().rotate(id, {}, ann)])
      await assert.rejects(made, { status: 409, code: 'other_pepper' })
  })
})

test('T40: whoever has the database has nothing that opens a door', async (t) => {
  const house = new KeyHouse(t)
  const desk = house.desk()
  const { id, key } = await desk.create({ name: 'a' }, ann)
  const { key: other } = await desk.rotate(id, {}, ann)
  await house.books.close()
  const dump = readdirSync(house.folder)
    .filter((name) => name.startsWith('ledger.db'))
    .map((name) => readFileSync(join(house.folder, name), 'latin1'))
    .join('')
  assert.ok(dump.includes(id))
  for (const secret of [key, other].flatMap((whole) => [whole, whole.slice(20, 63), whole.slice(-6)]))
    assert.ok(!dump.includes(secret))
  assert.ok(!dump.includes(readFileSync(join(house.folder, 'pepper'), 'utf8').trim()))
})
