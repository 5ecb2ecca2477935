import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { folderWith } from '../../src/cli/process.test-helper.ts'
import { chat, configFor, ollama, openStream, serve } from './rig.ts'

const pidAt = async (adminUrl: string): Promise<number> =>
  ((await (await fetch(`${adminUrl}/api/status`)).json()) as { pid: number }).pid

test('callers wait in line while a process that was killed is replaced', async (t) => {
  const { running, url, adminUrl } = await serve(t, configFor(await ollama(t)), ['--supervised'])
  const pid = await pidAt(adminUrl)
  assert.notEqual(pid, running.child.pid)
  process.kill(pid, 'SIGKILL')
  await running.says(/ended \(SIGKILL\)\. Another one starts\./)
  const answers = await Promise.all(Array.from({ length: 20 }, () => chat(url)))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  assert.notEqual(await pidAt(adminUrl), pid)
})

test('a configuration that is broken at a restart leaves the old process serving', async (t) => {
  const config = configFor(await ollama(t))
  const { running, cwd, url, adminUrl } = await serve(t, config, ['--supervised', '--no-watch'])
  const pid = await pidAt(adminUrl)
  writeFileSync(join(cwd, 'spillway.yaml'), config.replace('kind: ollama', 'kind: olama'))
  running.child.kill('SIGUSR2')
  await running.says(new RegExp(`ended before it could serve \\(1\\); ${pid} goes on\\.`))
  assert.deepEqual([(await chat(url)).status, await pidAt(adminUrl)], [200, pid])
})

test('a restart takes up what a reload cannot: another port', async (t) => {
  const origin = await ollama(t)
  const { running, cwd, url, adminUrl } = await serve(t, configFor(origin), ['--supervised', '--no-watch'])
  writeFileSync(join(cwd, 'spillway.yaml'), configFor(origin).replace('listen: 127.0.0.1:0', 'listen: 127.0.0.2:0'))
  running.child.kill('SIGUSR2')
  const [, next] = await running.says(/Spillway listens on (http:\/\/127\.0\.0\.2:\d+) /)
  await running.says(/serves now/)
  assert.equal((await chat(next!)).status, 200)
  await assert.rejects(chat(url))
  assert.equal((await fetch(`${adminUrl}/healthz`)).status, 404)
})

test('a port that is taken is one sentence, supervised or not', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const config = configFor(await ollama(t)).replace('listen: 127.0.0.1:0', `listen: 127.0.0.1:${port}`)
  await assert.rejects(serve(t, config, ['--supervised']), /is taken, perhaps by another Spillway/)
})

test('a socket that systemd made is listened on, under the same rules as one of its own', async (t) => {
  const handed = async (
    host: string,
    ...words: string[]
  ): Promise<{ readonly port: number; readonly said: Promise<string> }> => {
    const server = createServer().listen(0, host)
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const { fd } = (server as unknown as Record<string, { fd: number }>)['_handle']!
    const cwd = folderWith(t, { 'spillway.yaml': configFor(await ollama(t)) })
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
    const child = spawn('sh', ['-c', `LISTEN_PID=$$ exec "${process.execPath}" "${main}" serve ${words.join(' ')}`], {
      cwd,
      env: { PATH: process.env['PATH'], LISTEN_FDS: '1', LISTEN_FDNAMES: 'callers' },
      stdio: ['ignore', 'pipe', 'pipe', fd],
    })
    t.after(() => child.kill())
    server.close()
    let out = ''
    const said = new Promise<string>((resolve) => {
      for (const stream of [child.stdout!, child.stderr!])
        stream.setEncoding('utf8').on('data', (text: string) => {
          out += text
          if (out.includes('listens on')) resolve(out)
        })
      child.on('close', () => resolve(out))
    })
    return { port, said }
  }
  const [near, far, kept] = await Promise.all([
    handed('127.0.0.1'),
    handed('0.0.0.0'),
    handed('127.0.0.1', '--supervised'),
  ])
  for (const { port, said } of [near, kept]) {
    assert.match(await said, new RegExp(`listens on http://127\\.0\\.0\\.1:${port} `))
    assert.equal((await chat(`http://127.0.0.1:${port}`)).status, 200)
  }
  assert.match(await far.said, /The socket at 0\.0\.0\.0 that was handed over can be reached from other machines/)
})

test('a stream that is left to an old process is bound by the drain time once the whole is told to end', async (t) => {
  const stepMs = [[1, 100]] as const
  const config = configFor(await ollama(t, { engine: { stepMs } }), 'timeouts: { drain: 300ms }\n')
  const { running, url } = await serve(t, config, ['--supervised'])
  const { whole } = await openStream(url, 600)
  running.child.kill('SIGUSR2')
  await running.says(/Another process listens now\. Requests under way here: 1\./)
  running.child.kill('SIGTERM')
  assert.match(await whole, /"code":"shutting_down"/)
  assert.equal((await running.ended).code, 0)
})
