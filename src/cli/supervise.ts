import { type ChildProcess, spawn } from 'node:child_process'
import { logger } from '../telemetry/log.ts'
import { Outlet } from '../telemetry/outlet.ts'
import { handedOver } from './sockets.ts'
import { mark } from './supervision.ts'
import { Supervisor } from './supervisor.ts'

/** The only place that starts a process: this program again, with the same words but for one. */
export function supervise(): void {
  const [program, script, ...words] = process.argv
  const format = process.stdout.isTTY ? 'pretty' : 'json'
  const { write } = new Outlet(process.stdout.fd)
  const log = logger({ write, format })
  const handed = Array.from({ length: handedOver(process.env, process.pid) }, (_, at) => 3 + at)
  const start = (): ChildProcess =>
    spawn(program!, [...process.execArgv, script!, ...words.filter((word) => word !== '--supervised')], {
      env: { ...process.env, [mark]: '1' },
      stdio: ['inherit', 'inherit', 'inherit', ...handed, 'ipc'],
      // Ctrl-C at a terminal goes to the whole group; it is passed on from here, once.
      detached: true,
    })
  const supervisor = new Supervisor({
    start,
    say: (level, text) => log({ type: 'notice', level, text }),
    end: (code) => process.exit(code),
  })
  process.on('SIGTERM', () => supervisor.stop('SIGTERM'))
  process.on('SIGINT', () => supervisor.stop('SIGINT'))
  process.on('SIGHUP', () => supervisor.pass('SIGHUP'))
  process.on('SIGUSR2', () => supervisor.restart())
  supervisor.restart()
}
