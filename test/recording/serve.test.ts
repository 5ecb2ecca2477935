import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { readRecording, type Recording } from '../../src/recording/read.ts'
import { chat, configFor, model, ollama, serve, type Served } from '../cli/rig.ts'

const fast = { engine: { stepMs: [[1, 1]] } } as const

const folderOf = (cwd: string): string => join(cwd, 'data', 'recordings')

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const begun = performance.now()
  while (!(await isSo())) {
    assert.ok(performance.now() - begun < 10_000, `not within 10 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function ask(url: string, words: number, more: object = {}): Promise<void> {
  const answer = await chat(url, { messages: [{ role: 'user', content: `Say ${words} words.` }], ...more })
  assert.equal(answer.status, 200, await answer.text())
}

/** What is there so far; nothing, before there is a file. */
function recordedIn(cwd: string): Pick<Recording, 'requests' | 'settings' | 'skippedLines'> {
  try {
    return readRecording(folderOf(cwd))
  } catch {
    return { requests: [], settings: [], skippedLines: 0 }
  }
}

async function end({ running }: Served): Promise<void> {
  running.child.kill('SIGTERM')
  assert.equal((await running.ended).code, 0)
}

test('what a gateway was asked is in its data folder when it has ended, and `recordings` shows where', async (t) => {
  const config = configFor(await ollama(t, fast), 'callers:\n  - { name: chat, key: "${CHAT_KEY}", weight: 3 }\n')
  const served = await serve(t, config)
  const { url, cwd } = served
  const key = { authorization: 'Bearer key-of-chat', 'x-spillway-patience-ms': '4321', 'x-request-id': 'my-own-id' }
  const long = [{ role: 'user', content: 'All the water that the mill can use. '.repeat(100) }]
  for (const stream of [true, false]) assert.ok(await (await chat(url, { stream, messages: long }, key)).text())
  assert.equal((await chat(url, { model: 'of-my-own-invention' }, key)).status, 404)
  await end(served)

  const [name, ...others] = readdirSync(folderOf(cwd))
  assert.deepEqual([others, name!.includes('.open.')], [[], false])
  assert.equal(statSync(join(folderOf(cwd), name!)).mode & 0o777, 0o600)
  const { requests, settings, skippedLines } = readRecording(folderOf(cwd))
  assert.equal(skippedLines, 0)
  assert.deepEqual(
    requests.map((row) => [row.model, row.stream, row.upstream, row.fault]),
    [
      [model, true, 'box', undefined],
      [model, false, 'box', undefined],
      ['(unknown)', false, undefined, 'no-such-model'],
    ],
  )
  const [first, second] = requests
  assert.deepEqual(
    [first!.caller, first!.weight, first!.patience_ms, first!.dialect],
    ['chat', 3, 4_321, 'openai-chat'],
  )
  assert.ok(first!.first_token_ms! > 0 && first!.first_token_ms! <= first!.total_ms)
  assert.equal(second!.first_token_ms, undefined)
  assert.deepEqual(
    [first!.blocks, second!.blocks],
    [
      [0, 1, 2],
      [0, 1, 2],
    ],
  )
  assert.ok(Math.abs(first!.block_tokens! - (first!.prompt_tokens * 1_024) / 3_700) < 2)
  const last = settings.at(-1)!
  assert.deepEqual(last.callers, [{ name: 'chat', weight: 3, priority: 'default', cloud: 'allowed' }])
  assert.deepEqual(
    last.upstreams.map(({ kind, tier, context }) => [kind, tier, Object.keys(context)]),
    [['ollama', 0, [model]]],
  )

  const env = { CHAT_KEY: 'key-of-chat' }
  const listed = spillway(t, ['recordings', '--json'], { cwd, env })
  const { code, out } = await listed.ended
  const { folder, requests: count, files } = JSON.parse(out) as { folder: string; requests: number; files: object[] }
  assert.deepEqual([code, folder, count, files.length], [0, folderOf(cwd), 3, 1])
  const shown = await spillway(t, ['recordings'], { cwd, env }).ended
  assert.ok(shown.out.includes(`spillway simulate --recording ${folderOf(cwd)}\n`), shown.out)
})

test('where nothing was recorded, that is said, and nothing is made', async (t) => {
  const cwd = folderWith(t, { 'spillway.yaml': configFor('http://127.0.0.1:1', 'recording: false\n') })
  const { code, out } = await spillway(t, ['recordings'], { cwd }).ended
  assert.equal(code, 0)
  assert.match(out, /^Nothing is recorded in .*recordings\. This configuration says recording: false\.$/m)
  assert.deepEqual(readdirSync(cwd), ['spillway.yaml'])
})

test('of a gateway that is killed all is there but the last moments, and the next one writes its own file', async (t) => {
  const config = configFor(await ollama(t, fast))
  const killed = await serve(t, config)
  const { cwd, url } = killed
  for (let n = 1; n <= 20; n += 1) await ask(url, n)
  await until(() => recordedIn(cwd).requests.length === 20, 'all are written')
  const late = Array.from({ length: 20 }, (_, n) => ask(url, 21 + n))
  await Promise.all(late)
  killed.running.child.kill('SIGKILL')
  await killed.running.ended
  const { requests, skippedLines } = recordedIn(cwd)
  assert.ok(requests.length >= 20 && skippedLines <= 1)

  const next = spillway(t, ['serve'], { cwd })
  const [, again] = await next.says(/Spillway listens on (http:\S+)/)
  await ask(again!, 5)
  next.child.kill('SIGTERM')
  await next.ended
  assert.equal(readdirSync(folderOf(cwd)).length, 2)
  assert.equal(recordedIn(cwd).requests.length, requests.length + 1)
})

test('a changed configuration is recorded, and one that says so ends the recording', async (t) => {
  const origin = await ollama(t, fast)
  const served = await serve(t, configFor(origin), ['--no-watch'])
  const { cwd, url, running } = served
  await ask(url, 3)
  const adopt = async (config: string): Promise<void> => {
    writeFileSync(join(cwd, 'spillway.yaml'), config)
    running.child.kill('SIGHUP')
    await running.says(/Took up spillway\.yaml/)
  }
  await adopt(configFor(origin, 'queue: { max: 7 }\n'))
  await until(async () => {
    await ask(url, 4)
    return recordedIn(cwd).settings.at(-1)?.queue.max === 7
  }, 'the settings are written')
  await adopt(configFor(origin, 'recording: false\n'))
  await until(async () => {
    await ask(url, 5)
    return readdirSync(folderOf(cwd)).every((name) => !name.includes('.open.'))
  }, 'the file is closed')
  const before = recordedIn(cwd).requests.length
  await ask(url, 6)
  await end(served)
  assert.equal(recordedIn(cwd).requests.length, before)
})

test('of two processes of which one takes over from the other, each records its own requests, once', async (t) => {
  const served = await serve(t, configFor(await ollama(t, fast)), ['--supervised'])
  const { cwd, url, running } = served
  await Promise.all([1, 2, 3].map((n) => ask(url, n)))
  const during = Promise.all([40, 41, 42].map((n) => ask(url, n, { stream: true })))
  running.child.kill('SIGUSR2')
  await running.says(/Another process listens now/)
  await during
  await Promise.all([7, 8, 9].map((n) => ask(url, n)))
  await end(served)
  const { requests } = recordedIn(cwd)
  assert.equal(readdirSync(folderOf(cwd)).length, 2)
  assert.deepEqual(
    requests.map(({ output_tokens: tokens }) => tokens).sort((one, other) => one - other),
    [1, 2, 3, 7, 8, 9, 40, 41, 42],
  )
})

test('on a disk that is full callers are served, that is said once and counted, and with room it goes on', async (t) => {
  const disk = smallDisk(t)
  if (disk === undefined) return t.skip('this system lets nobody mount a tmpfs')
  const cwd = folderWith(t, { 'spillway.yaml': configFor(await ollama(t, fast)) })
  mkdirSync(join(cwd, 'data'))
  symlinkSync(disk, folderOf(cwd))
  const running = spillway(t, ['serve'], { cwd })
  const [, url, admin] = await running.says(/Spillway listens on (http:\S+) \(admin (http:[^\s)]+)\)/)
  await ask(url!, 1)
  await until(() => recordedIn(cwd).requests.length === 1, 'the first is written')
  const others = join(disk, 'others')
  fillUp(others)
  const dropped = async (): Promise<number> => {
    const metrics = await (await fetch(`${admin!}/metrics`)).text()
    return Number(/^spillway_recording_dropped_total (\d+)$/m.exec(metrics)?.[1])
  }
  await until(async () => {
    await ask(url!, 2)
    return (await dropped()) > 0
  }, 'it is counted')
  rmSync(others)
  const before = recordedIn(cwd).requests.length
  await until(async () => {
    await ask(url!, 3)
    return recordedIn(cwd).requests.length > before
  }, 'it is recorded again')
  running.child.kill('SIGTERM')
  const { code, out } = await running.ended
  assert.equal(code, 0)
  assert.equal(out.split('Nothing can be recorded in').length, 2, out)
  assert.match(out, /\(ENOSPC\)\. Requests are served all the same/)
  assert.match(out, /Requests are recorded again/)
  assert.ok(recordedIn(cwd).requests.at(-1)!.output_tokens === 3)
})

/** A disk of 64 KB; undefined where this system does not let us. */
function smallDisk(t: TestContext): string | undefined {
  const at = mkdtempSync(join(tmpdir(), 'spillway-disk-'))
  const isThere = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at]).status === 0
  t.after(() => {
    if (isThere) spawnSync('umount', ['-l', at])
    rmdirSync(at)
  })
  return isThere ? at : undefined
}

/** Whatever is left is taken. */
function fillUp(file: string): void {
  for (let bytes = 65_536; bytes >= 64;) {
    try {
      writeFileSync(file, Buffer.alloc(bytes), { flag: 'a' })
    } catch {
      bytes = Math.floor(bytes / 2)
    }
  }
}
