import { Command } from 'commander'
import type { ServeOptions } from './serving.ts'

export function serveCommand(): Command {
  return new Command('serve')
    .description(
      'Runs the gateway. Without a configuration it looks for servers on this machine and serves what it finds.',
    )
    .option('-c, --config <file>', 'the configuration; spillway.yaml in this folder by default')
    .option('-l, --listen <host:port>', "the callers' port")
    .option('-a, --admin <host:port>', "the operator's port")
    .option('--no-watch', 'take up a changed configuration only when told to')
    .option('--supervised', 'under a small process that keeps the ports: it can be restarted and nobody notices')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway serve\n  spillway serve --config spillway.yaml\n' +
        '  spillway serve --listen 127.0.0.1:8000 --admin 127.0.0.1:8001\n  spillway serve --supervised\n\n' +
        'SIGTERM and Ctrl-C let the running answers end, at most timeouts.drain; a second one ends at once.\n' +
        'A changed configuration is taken up at once, and at SIGHUP; one with a fault is refused, and nothing changes.\n' +
        'With --supervised, SIGUSR2 starts the program anew, as it is then, and no connection is refused or cut.\n',
    )
    .action(run)
}

/** Whoever only looks after another process needs next to nothing of it. */
async function run(options: ServeOptions): Promise<void> {
  if (options.supervised === true) (await import('./supervise.ts')).supervise()
  else await (await import('./serving.ts')).serve(options)
}
