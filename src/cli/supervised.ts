import { type SocketFor, type SocketName, systemdSockets } from './sockets.ts'
import { aliveEveryMs, mark, type Order, type Word } from './supervision.ts'

/** The process that looks after this one, as seen from here. */
export interface Guardian {
  readonly socketFor: SocketFor
  /** Callers are served from now on. */
  ready(): void
  /** Another one serves now. */
  onHandOver(listener: () => void): void
  /** Nobody looks after this one any more. */
  onGone(listener: () => void): void
}

/** Undefined for a process that stands alone. */
export function guardian(): Guardian | undefined {
  if (process.env[mark] === undefined || process.send === undefined) return undefined
  // Whoever does not listen any more is found out by its going.
  const say = (word: Word): void => void process.send!(word, undefined, undefined, () => {})
  say({ type: 'alive' })
  setInterval(() => say({ type: 'alive' }), aliveEveryMs).unref()
  const wanted = new Map<SocketName, PromiseWithResolvers<object>>()
  let handOver = (): void => {}
  process.on('message', (order: Order, socket: unknown) => {
    switch (order.type) {
      case 'socket':
        return wanted.get(order.name)?.resolve(socket as object)
      case 'no-socket':
        return wanted.get(order.name)?.reject(Object.assign(new Error(order.code), { code: order.code }))
      case 'hand-over':
        return handOver()
    }
  })
  const handed = systemdSockets(process.env, process.ppid)
  return {
    socketFor: async (name, { host, port }) => {
      const fromSystemd = await handed?.(name, { host, port })
      if (fromSystemd !== undefined) return fromSystemd
      const wish = Promise.withResolvers<object>()
      wanted.set(name, wish)
      say({ type: 'socket-wanted', name, host, port })
      try {
        return await wish.promise
      } catch (error) {
        throw Object.assign(error as Error, { syscall: 'listen', address: host, port })
      }
    },
    ready: () => say({ type: 'ready' }),
    onHandOver: (listener) => {
      handOver = listener
    },
    onGone: (listener) => void process.on('disconnect', listener),
  }
}
