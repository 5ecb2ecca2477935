/** A machine that is gone refuses nothing: whoever wants to connect to it hears nothing at all. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { started } from '../../src/cli/process.test-helper.ts'
import { connectMs, inSilence, type Silence, type Way } from './silence.ts'

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** A busy machine that runs tests needs some room. */
const slackMs = 500

/** Who was first to find out waited as long as a connection may take; soon nobody does. */
function judge(t: TestContext, { beforeMs, afterMs, failed }: Silence): void {
  const usualMs = beforeMs.toSorted((one, other) => one - other)[beforeMs.length >> 1]!
  const addedMs = afterMs.map((ms) => ms - usualMs)
  t.diagnostic(`usually ${usualMs.toFixed(0)} ms; added ${addedMs.map((ms) => ms.toFixed(0)).join(' ')}`)
  assert.ok(failed >= 1, 'nobody has met the silence')
  assert.ok(failed <= 5, `${failed} have met it`)
  assert.ok(Math.max(...addedMs) < connectMs + 100 + slackMs, `${Math.max(...addedMs)} ms`)
  assert.ok(addedMs.filter((ms) => ms >= connectMs - 50).length <= 5 + 1)
  const later = addedMs.slice(-20).sort((one, other) => one - other)
  assert.ok(later[10]! < 50, `half of the later ones took ${later[10]} ms more than usual`)
}

/** A port at which the line of those who wait to be let in is full: Linux then drops whoever else comes. */
async function fullLine(t: TestContext, origin: string): Promise<Way> {
  const proxy = started(t, [process.execPath, fileOf('proxy.ts'), origin])
  const [address] = await proxy.says(/http:\S+/)
  const port = Number(new URL(address).port)
  const stands = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      t.after(() => socket.destroy())
      socket.on('error', () => resolve(false))
      setTimeout(() => resolve(false), 200).unref()
    })
  return {
    origin: address,
    async silence() {
      proxy.child.kill('SIGUSR2')
      await proxy.says(/dropped/)
      proxy.child.kill('SIGSTOP')
      for (let tries = 0; await stands(); tries += 1) assert.ok(tries < 20, 'the line is never full')
    },
  }
}

const isLinux = process.platform === 'linux'

test(
  'where a port swallows connections, the next server answers after a connect timeout, and later at once',
  { skip: isLinux ? false : 'other systems refuse where Linux is silent' },
  async (t) => judge(t, await inSilence(t, (origin) => fullLine(t, origin))),
)

const mayUnshare = isLinux && spawnSync('unshare', ['-n', 'ip', 'link', 'add', 'type', 'veth']).status === 0

test(
  'where a machine is gone from the network, it is the same',
  { skip: mayUnshare ? false : 'no network namespace may be made here' },
  async (t) => {
    const words = ['-n', process.execPath, fileOf('silence.ts')]
    const { stdout } = await promisify(execFile)('unshare', words, { timeout: 30_000 })
    judge(t, JSON.parse(stdout) as Silence)
  },
)
