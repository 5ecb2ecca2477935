/** What `npm test` says of tests that go wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { folderWith, started } from '../../src/cli/process.test-helper.ts'

const script = fileURLToPath(new URL('../../scripts/test.ts', import.meta.url))

const head = `import { test } from 'node:test'\n`

const run = (t: Parameters<typeof folderWith>[0], files: Readonly<Record<string, string>>) =>
  started(t, [process.execPath, script, folderWith(t, files)]).ended

test('a suite that is well ends well, and says what was skipped and why', async (t) => {
  const { code, out } = await run(t, {
    'well.test.ts': `${head}test('is well', () => {})\ntest('is not for here', { skip: 'no such thing' }, () => {})`,
  })
  assert.equal(code, 0, out)
  assert.match(out, /^ℹ pass 1$/m)
  assert.match(out, /^Skipped:\n {2}is not for here \(no such thing\)$/m)
})

const wrong = {
  'a test that fails': `test('it', () => { throw new Error('as it must') })`,
  'an error that nobody catches, while its test runs': `test('it', async () => {
    setTimeout(() => { throw new Error('as it must') }, 5)
    await new Promise((resolve) => setTimeout(resolve, 50))
  })`,
  'a promise that nobody looks at, after its test': `test('it', () => {
    void new Promise((_, reject) => setTimeout(() => reject(new Error('as it must')), 5))
  })\ntest('another', () => new Promise((resolve) => setTimeout(resolve, 50)))`,
  'a file that cannot be read': `throw new Error('as it must')`,
}

for (const [what, text] of Object.entries(wrong)) {
  test(`${what} fails the suite, and is told`, async (t) => {
    const { code, out } = await run(t, {
      'wrong.test.ts': head + text,
      'well.test.ts': `${head}test('is well', () => {})`,
    })
    assert.equal(code, 1, out)
    assert.match(out, /^ℹ fail 1$/m)
    assert.match(out, /as it must/)
  })
}
