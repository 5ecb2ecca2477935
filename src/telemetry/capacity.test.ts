import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { platform, totalmem } from 'node:os'
import { test } from 'node:test'
import { connectionsMax, filesMax, memoryMaxBytes, openFiles } from './capacity.ts'

test('the limit of open files is the soft one, and none where there is none', () => {
  const limits = (soft: string): string =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                20000                files\n`
  assert.equal(filesMax(limits('1024')), 1_024)
  assert.equal(filesMax(limits('unlimited')), undefined)
  assert.equal(filesMax('something else'), undefined)
})

test('a file that is opened is one more', { skip: platform() !== 'linux' }, () => {
  const before = openFiles()!
  const file = openSync('/dev/null', 'r')
  assert.equal(openFiles(), before + 1)
  closeSync(file)
  assert.equal(openFiles(), before)
})

test('callers may have 45 % of the files, and never so many that nothing is left for the house', () => {
  assert.equal(connectionsMax(20_000, 25), 9_000)
  assert.equal(connectionsMax(1_024, 25), 460)
  assert.equal(connectionsMax(128, 25), 27)
  assert.equal(connectionsMax(64, 25), 4)
  for (let max = 100; max < 30_000; max += 97) {
    const callers = connectionsMax(max, 25)
    assert.ok(callers <= max * 0.45)
    // Each has a connection to a server as well.
    assert.ok(callers * 2 + 25 + 48 <= max || callers === 4, `${callers} of ${max}`)
  }
})

test('the memory is what the container or the machine has', () => {
  assert.ok(memoryMaxBytes() > 0 && memoryMaxBytes() <= totalmem())
})
