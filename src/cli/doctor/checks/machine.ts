import { type Facts, isShared } from '../facts.ts'
import { type Check, fail, type Finding, ok, warn } from '../finding.ts'

/** With fewer, a few hundred callers are all there can be. */
const filesMin = 4_096
const memoryMinBytes = 256e6
/** As many as the gateway asks the system to keep waiting at its door. */
const backlog = 4_096
const unsentMaxBytes = 131_072

export const limits: Check = {
  name: 'limits',
  look({ machine: { filesMax, connectionsMax, memoryMaxBytes, heapMaxBytes }, config: { config } }) {
    const found: Finding[] = []
    const fits = `${connectionsMax} connections of callers`
    if (filesMax !== undefined && filesMax < filesMin)
      found.push(
        warn(
          `The process may have ${filesMax} files open, which is safe for ${fits}`,
          'Raise it: LimitNOFILE=65536 for systemd, ulimit -n 65536 in a shell.',
        ),
      )
    else if (filesMax !== undefined) found.push(ok(`The process may have ${filesMax} files open, and ${fits}`))
    const { connections = 'auto' } = config?.bounds ?? {}
    if (connections !== 'auto' && connections > connectionsMax)
      found.push(
        warn(`bounds.connections is ${connections}, and the files suffice for ${connectionsMax}`, 'Set it to auto.'),
      )
    const megabytes = Math.floor(memoryMaxBytes / 1e6)
    if (memoryMaxBytes < memoryMinBytes)
      return [...found, fail(`The process may have ${megabytes} MB of memory`, 'Give it 256 MB or more.')]
    const text = `The heap may grow to ${Math.floor(heapMaxBytes / 1e6)} MB, and the process may have ${megabytes} MB`
    if (heapMaxBytes > memoryMaxBytes)
      return [...found, warn(text, `Set NODE_OPTIONS=--max-old-space-size=${Math.floor(megabytes * 0.7)}.`)]
    return [...found, ok(`The process may have ${megabytes} MB of memory`)]
  },
}

/** Only of interest where strangers can open connections. */
export const kernel: Check = {
  name: 'kernel',
  look(facts) {
    if (!isShared(facts)) return []
    const { somaxconn, unsentMaxBytes: unsent } = facts.machine
    const found = [
      ...(somaxconn !== undefined && somaxconn < backlog
        ? [setting('net.core.somaxconn', somaxconn, backlog, 'new connections are dropped when many come at once')]
        : []),
      ...(unsent !== undefined && unsent > unsentMaxBytes
        ? [setting('net.ipv4.tcp_notsent_lowat', unsent, unsentMaxBytes, 'the kernel keeps megabytes for slow readers')]
        : []),
    ]
    return found.length > 0 ? found : [ok('The kernel is set for many connections')]
  },
}

const setting = (name: string, value: number, better: number, why: string): Finding =>
  warn(`${name} is ${value}: ${why}`, `Run: sysctl -w ${name}=${better}`)

export const disk: Check = {
  name: 'disk',
  look: ({ volumes }: Facts) =>
    volumes.map(({ name, path, usedRatio, state }): Finding => {
      const text = `The volume of the ${name} (${path}) is ${Math.floor(usedRatio * 100)} % full`
      if (state === 'ok') return ok(text)
      return state === 'full' ? fail(text, 'Make room.') : warn(text, 'Make room before it is full.')
    }),
}

export const supervisor: Check = {
  name: 'supervisor',
  look(facts) {
    const { supervisor: by } = facts.machine
    if (by !== undefined) return [ok(`${by} looks after the process`)]
    if (!isShared(facts)) return []
    return [warn('Nobody is seen to restart the gateway if it ends', 'Run it under systemd or in a container.')]
  },
}
