import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redrawn } from './redrawn.ts'

const erased = '\u001B[K'

function terminal(isTTY: boolean): { written: string; line: Redrawn } {
  const seen = { written: '', line: undefined as unknown as Redrawn }
  seen.line = new Redrawn({ isTTY, columns: 12, write: (text) => (seen.written += text) })
  return seen
}

test('on a terminal one line is drawn over itself, cut to fit, and gone before a line that stays', () => {
  const seen = terminal(true)
  seen.line.draw('1 at once, and more', 1_000)
  seen.line.draw('too soon', 1_050)
  seen.line.draw('2', 1_100)
  seen.line.say('done')
  seen.line.clear()
  assert.equal(seen.written, `\r1 at once, ${erased}\r2${erased}\r${erased}done\n`)
})

test('where there is no terminal only the lines that stay are written, without a sign for terminals', () => {
  const seen = terminal(false)
  seen.line.draw('1 at once', 1_000)
  seen.line.say('done')
  seen.line.clear()
  assert.equal(seen.written, 'done\n')
})
