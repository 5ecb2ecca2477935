import assert from 'node:assert/strict'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { BooksFault } from '../ledger/books.ts'
import { KeyHouse } from './keys.test-helper.ts'

const hour = 3_600_000
const ann = { actor: 'cli:ann' }

suite('A key that was made', () => {
  test('lets its caller in from the next look on, by its name and public id, with what it may do', async (t) => {
    const house = new KeyHouse(t)
    const ring = await house.ring()
    assert.equal(ring.isUsed, false)
    const wish = {
      name: 'chat-ui',
      models: ['small'],
      cloud: 'never',
      priority: 'batch',
      weight: 2,
      dialects: ['openai'],
    }
    const { id, key } = await house.desk().create(wish, ann)
    await ring.look()
    assert.equal(ring.isUsed, true)
    const { models, dialects, ...caller } = house.who(ring, key)!
    assert.deepEqual(
      [caller.id, caller.key, caller.cloud, caller.priority, caller.weight],
      ['chat-ui', id, 'never', 'batch', 2],
    )
    assert.deepEqual([[...models!], [...dialects!]], [['small'], ['openai']])
    assert.equal(house.who(ring, `${key.slice(0, -1)}_`), undefined)
    assert.equal(house.who(ring, undefined), undefined)
  })

  test('is taken up by every gateway that shares the database, without being told', async (t) => {
    const house = new KeyHouse(t)
    const rings = [await house.ring(), await house.ring()]
    const { id, key } = await house.desk().create({ name: 'chat-ui' }, ann)
    const look = async (): Promise<void> => {
      house.wake()
      // Whatever was begun by then is done before this is.
      for (let turns = 0; turns < 3; turns += 1) await house.books.run('keysSince', 0)
    }
    await look()
    for (const ring of rings) assert.equal(house.who(ring, key)?.id, 'chat-ui')
    await house.desk().revoke(id, ann)
    await look()
    for (const ring of rings) assert.equal(house.who(ring, key), undefined)
  })

  test('counts until it expires', async (t) => {
    const house = new KeyHouse(t)
    const { key } = await house.desk().create({ name: 'chat-ui', expires: '2h' }, ann)
    const ring = await house.ring()
    house.nowMs += 2 * hour - 1
    assert.equal(house.who(ring, key)?.id, 'chat-ui')
    house.nowMs += 1
    assert.equal(house.who(ring, key), undefined)
  })

  test('counts only from its own networks', async (t) => {
    const house = new KeyHouse(t)
    const { key } = await house.desk().create({ name: 'chat-ui', addresses: ['10.1.0.0/16', 'fd00::/8'] }, ann)
    const ring = await house.ring()
    for (const address of ['10.1.2.3', 'fd12::1']) assert.equal(house.who(ring, key, address)?.id, 'chat-ui')
    for (const address of ['10.2.0.1', '::1', undefined]) assert.equal(house.who(ring, key, address), undefined)
  })

  test('is replaced by another one, and both count until the overlap is over', async (t) => {
    const house = new KeyHouse(t)
    const desk = house.desk()
    const { id, key: first } = await desk.create({ name: 'chat-ui' }, ann)
    const { key: second, old_secret_until: until } = await desk.rotate(id, {}, ann)
    assert.equal(until, '2026-11-22T12:00:00Z')
    assert.equal(second.slice(0, 20), first.slice(0, 20))
    const ring = await house.ring()
    assert.deepEqual(
      [first, second].map((key) => house.who(ring, key)?.key),
      [id, id],
    )
    house.nowMs += 24 * hour
    assert.deepEqual(
      [first, second].map((key) => house.who(ring, key)?.key),
      [undefined, id],
    )
    const { key: third } = await desk.rotate(id, { overlap: 0 }, ann)
    await ring.look()
    assert.deepEqual(
      [first, second, third].map((key) => house.who(ring, key)?.key),
      [undefined, undefined, id],
    )
  })

  test('is lengthened by no rotation: what was to end sooner ends sooner', async (t) => {
    const house = new KeyHouse(t)
    const desk = house.desk()
    const { id, key: first } = await desk.create({ name: 'chat-ui', expires: '3h' }, ann)
    await desk.rotate(id, { overlap: '1h' }, ann)
    const { key: third } = await desk.rotate(id, { overlap: '2h' }, ann)
    const ring = await house.ring()
    house.nowMs += hour
    assert.equal(house.who(ring, first), undefined)
    assert.equal(house.who(ring, third)?.key, id)
    house.nowMs += 2 * hour
    assert.equal(house.who(ring, third), undefined)
  })

  test('may be changed in what it may do, and not in whose it is', async (t) => {
    const house = new KeyHouse(t)
    const desk = house.desk()
    const { id, key } = await desk.create({ name: 'chat-ui', weight: 3, models: ['small'] }, ann)
    const ring = await house.ring()
    await desk.change(id, { models: null, cloud: 'never', expires: '1h' }, ann)
    await ring.look()
    const caller = house.who(ring, key)!
    assert.deepEqual([caller.models, caller.cloud, caller.weight], [undefined, 'never', 3])
    await assert.rejects(desk.change(id, { name: 'root' }, ann), { status: 400, message: /^name: cannot be changed/ })
    await assert.rejects(desk.change(id, { wieght: 2 }, ann), { status: 400, message: /wieght: there is no such key/ })
    house.nowMs += hour
    assert.equal(house.who(ring, key), undefined)
    await desk.change(id, { expires: null }, ann)
    await ring.look()
    assert.equal(house.who(ring, key)?.id, 'chat-ui')
  })

  test('is as if it had never been, once it is revoked, and its name is free again', async (t) => {
    const house = new KeyHouse(t)
    const desk = house.desk()
    const { id } = await desk.create({ name: 'chat-ui' }, ann)
    await assert.rejects(desk.create({ name: 'chat-ui' }, ann), { status: 409, code: 'name_taken' })
    await desk.revoke(id, ann)
    for (const again of [desk.revoke(id, ann), desk.rotate(id, {}, ann), desk.change(id, { weight: 2 }, ann)])
      await assert.rejects(again, { status: 404, code: 'key_not_found' })
    house.nowMs += 1
    assert.notEqual((await desk.create({ name: 'chat-ui' }, ann)).id, id)
    assert.deepEqual(
      (await desk.list()).map(({ state }) => state),
      ['revoked', 'live'],
    )
  })

  test('belongs to a team of the configuration, and is refused when that has gone', async (t) => {
    const house = new KeyHouse(t)
    const desk = house.desk()
    await assert.rejects(desk.create({ name: 'a', team: 'research' }, ann), {
      message: /^team: there is no such team/,
    })
    const team = { name: 'research', budgets: [], models: new Set(['small']), cloud: 'never' } as const
    house.teams = new Map([['research', team]])
    const { key } = await desk.create({ name: 'a', team: 'research', cloud: 'allowed' }, ann)
    const ring = await house.ring()
    assert.deepEqual([house.who(ring, key)?.team, house.who(ring, key)?.cloud], [team, 'never'])
    house.teams = new Map()
    assert.equal(house.who(ring, key), undefined)
    assert.match(house.notices.at(-1)!, /The key \w{8} of a is refused, .* teams in the configuration/)
  })

  test('cannot have the name of a caller in the configuration, nor of those who have none', async (t) => {
    const house = new KeyHouse(t)
    const caller = { id: 'chat-ui', weight: 1, priority: 'default', models: undefined, cloud: 'allowed' } as const
    house.callers = [{ caller, key: 'k', patienceMs: undefined }]
    for (const name of ['chat-ui', 'anonymous'])
      await assert.rejects(house.desk().create({ name }, ann), { status: 409 })
  })
})

suite('Of each change', () => {
  test('one line is taken down, with who made it and how it ended, and no secret', async (t) => {
    const house = new KeyHouse(t)
    const desk = house.desk()
    const admin = { actor: 'admin', source: '10.0.0.1' }
    const { id, key } = await desk.create({ name: 'chat-ui' }, ann)
    await assert.rejects(desk.create({ name: 'chat-ui' }, admin))
    await assert.rejects(desk.change(id, { weight: 'heavy' }, admin))
    await desk.change(id, { weight: 2, cloud: 'never' }, admin)
    const { key: other } = await desk.rotate(id, {}, ann)
    await desk.revoke(id, admin)
    await assert.rejects(desk.revoke(id, admin))
    const lines = (await house.books.run('listAudit', { most: 100 })).toReversed()
    assert.deepEqual(
      lines.map(({ actor, source, action, subject, result }) => [actor, source, action, subject, result]),
      [
        ['cli:ann', undefined, 'key.create', 'chat-ui', 'ok'],
        ['admin', '10.0.0.1', 'key.create', 'chat-ui', 'name_taken'],
        ['admin', '10.0.0.1', 'key.change', id, 'invalid_request'],
        ['admin', '10.0.0.1', 'key.change', id, 'ok'],
        ['cli:ann', undefined, 'key.rotate', id, 'ok'],
        ['admin', '10.0.0.1', 'key.revoke', id, 'ok'],
        ['admin', '10.0.0.1', 'key.revoke', id, 'key_not_found'],
      ],
    )
    assert.deepEqual([lines[0]!.after, lines[3]!.detail], [id, 'weight, cloud'])
    assert.notEqual(lines[3]!.before, lines[3]!.after)
    for (const secret of [key, other]) assert.ok(!JSON.stringify(lines).includes(secret.slice(20, 63)))
    assert.equal((await house.books.run('verifyAudit')).brokenAt, undefined)
  })

  test('nothing is done that cannot be taken down', async (t) => {
    const house = new KeyHouse(t)
    const { id } = await house.desk().create({ name: 'chat-ui' }, ann)
    const odd = { actor: 'cli:ann', source: { toString: 'nothing that can be stored' } as never }
    await assert.rejects(house.desk().revoke(id, odd))
    assert.equal((await house.desk().show(id)).state, 'live')
  })
})

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
