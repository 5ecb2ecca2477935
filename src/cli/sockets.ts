import type { Address } from '../config/address.ts'

export type SocketName = 'callers' | 'admin'

/** A listening socket that somebody else keeps; undefined where this one is to be opened as usual. */
export type SocketFor = (name: SocketName, address: Address) => Promise<object | undefined>

type Env = Readonly<Record<string, string | undefined>>

/** The first that systemd hands over. */
const firstFd = 3

/** How many descriptors systemd has handed over to this process: those from 3 on. */
export function handedOver(env: Env, pid: number): number {
  const count = Number(env['LISTEN_FDS'])
  return env['LISTEN_PID'] === String(pid) && Number.isSafeInteger(count) && count > 0 ? count : 0
}

/**
 * The sockets that systemd opened, by `FileDescriptorName=callers` and `admin`; without names the first is the callers'.
 * Undefined where there are none.
 */
export function systemdSockets(env: Env, pid: number): SocketFor | undefined {
  const count = handedOver(env, pid)
  if (count === 0) return undefined
  const names = env['LISTEN_FDNAMES']?.split(':') ?? []
  // What systemd calls a socket without a name is the name of its unit.
  const isNamed = names.some((name) => name === 'callers' || name === 'admin')
  const ordered = isNamed ? names : ['callers', 'admin']
  return (name) => {
    const at = ordered.indexOf(name)
    return Promise.resolve(at === -1 || at >= count ? undefined : { fd: firstFd + at })
  }
}
