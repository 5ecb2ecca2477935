import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { ConfigWatch, snapshotOf } from './config-watch.ts'
import { folderWith } from './process.test-helper.ts'

interface Watched {
  readonly folder: string
  readonly file: string
  readonly changes: () => number
  /** Resolves when so many changes were told. */
  readonly heard: (count: number) => Promise<void>
}

async function watched(t: TestContext, folder: string, name = 'spillway.yaml'): Promise<Watched> {
  const file = join(folder, name)
  let changes = 0
  let told = (): void => {}
  const watch = new ConfigWatch(file, await snapshotOf(file), () => {
    changes += 1
    told()
  })
  t.after(() => watch.close())
  const heard = (count: number): Promise<void> =>
    new Promise((resolve) => {
      told = () => {
        if (changes >= count) resolve()
      }
      told()
    })
  return { folder, file, changes: () => changes, heard }
}

const tenLooks = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 700))

test('it tells of a file written over, put in the place of another, gone, and come back', async (t) => {
  const { folder, file, heard } = await watched(t, folderWith(t, { 'spillway.yaml': 'a' }))
  writeFileSync(file, 'b')
  await heard(1)
  writeFileSync(join(folder, 'spillway.yaml~'), 'c')
  renameSync(join(folder, 'spillway.yaml~'), file)
  await heard(2)
  writeFileSync(file, 'd')
  await heard(3)
  rmSync(file)
  await heard(4)
  writeFileSync(file, 'e')
  await heard(5)
})

/** A volume as the kubelet fills it: the files are links into `..data`, which is a link to a folder with a date. */
function volume(folder: string, generation: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(folder, generation))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, generation, name), text)
  symlinkSync(generation, join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
}

test('it tells when Kubernetes turns the link behind a mounted file, again and again', async (t) => {
  const folder = folderWith(t, {})
  volume(folder, '..2026_11_21_1', { 'spillway.yaml': 'a' })
  symlinkSync(join('..data', 'spillway.yaml'), join(folder, 'spillway.yaml'))
  const { heard } = await watched(t, folder)
  for (const round of [2, 3, 4]) {
    volume(folder, `..2026_11_21_${round}`, { 'spillway.yaml': `a${round}` })
    rmSync(join(folder, `..2026_11_21_${round - 1}`), { recursive: true })
    await heard(round - 1)
  }
})

test('a secret in another folder that changes is a change', async (t) => {
  const secrets = folderWith(t, { key: 'one\n' })
  const { heard } = await watched(t, folderWith(t, { 'spillway.yaml': `key: \${file:${join(secrets, 'key')}}` }))
  writeFileSync(join(secrets, 'key'), 'two\n')
  await heard(1)
})

test('a file that was only touched, or written again as it was, is no change', async (t) => {
  const { folder, file, changes } = await watched(t, folderWith(t, { 'spillway.yaml': 'a' }))
  utimesSync(file, new Date(), new Date())
  writeFileSync(file, 'a')
  writeFileSync(join(folder, 'beside.txt'), 'b')
  await tenLooks()
  assert.equal(changes(), 0)
})

test('a file written in pieces is told of once, when it is whole', async (t) => {
  const { file, heard, changes } = await watched(t, folderWith(t, { 'spillway.yaml': 'a' }))
  for (const text of ['', 'b', 'bc', 'bcd']) {
    writeFileSync(file, text)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await heard(1)
  await tenLooks()
  assert.equal(changes(), 1)
})
