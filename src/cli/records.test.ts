import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Event } from '../core/event.ts'
import { claimOf, entryOf } from '../ledger/entries.test-helper.ts'
import { realTime } from '../ledger/ledger.test-helper.ts'
import { folderWith } from './process.test-helper.ts'
import { Early, openRecords } from './records.ts'

const open = (dataDir: string, events: Event[] = []): ReturnType<typeof openRecords> =>
  openRecords({
    place: { dataDir, url: undefined },
    world: realTime,
    emit: (event) => void events.push(event),
    syncAll: () => true,
  })

test('a folder that cannot be written closes the cloud, says what to do, and nothing else', async (t) => {
  const folder = folderWith(t, { file: '' })
  const events: Event[] = []
  const { ledger, books, close } = await open(join(folder, 'file', 'data'), events)
  assert.equal(books, undefined)
  assert.match(ledger.trouble ?? '', /^Nothing can be kept in \S+data \(ENOTDIR\)\.$/)
  await assert.rejects(ledger.hold(claimOf('a#1')))
  assert.equal(ledger.close(entryOf('a')), undefined)
  assert.deepEqual(
    events.map((event) => event.type === 'notice' && [event.level, /Set data_dir to a folder/.test(event.text)]),
    [['error', true]],
  )
  await close()
})

test('what is kept can be read by nobody else', async (t) => {
  const dataDir = join(folderWith(t, {}), 'data')
  const { ledger, ready, close } = await open(dataDir)
  await ready
  await ledger.close(entryOf('a'))
  const rights = (path: string): string => (statSync(path).mode & 0o777).toString(8)
  const [owner = ''] = readdirSync(join(dataDir, 'journal'))
  assert.deepEqual([dataDir, join(dataDir, 'journal'), join(dataDir, 'journal', owner)].map(rights), [
    '700',
    '700',
    '700',
  ])
  assert.equal(rights(join(dataDir, 'ledger.db')), '600')
  assert.equal(rights(join(dataDir, 'journal', owner, '00000001.log')), '600')
  await close()
  assert.equal(existsSync(join(dataDir, 'journal', owner)), false)
})

test('with every request on the disk before its caller hears the end, those at home are waited for too', async (t) => {
  const { ledger, close } = await open(join(folderWith(t, {}), 'data'))
  const written = ledger.close(entryOf('a'))
  assert.notEqual(written, undefined)
  await written
  await close()
})

test('what happens before there is anybody to hear it is heard once there is', () => {
  const early = new Early()
  const heard: string[] = []
  const say = (text: string): void => early.emit({ type: 'notice', level: 'info', text })
  say('one')
  early.goesTo((event) => void (event.type === 'notice' && heard.push(event.text)))
  say('two')
  assert.deepEqual(heard, ['one', 'two'])
})
