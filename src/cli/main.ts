#!/usr/bin/env node
import { Command } from 'commander'
import { version } from './version.ts'

/** The command line. Each command is loaded when it is wanted: `--version` need not wait for the whole house. */
const program = new Command('spillway')
  .description('The gateway that turns local LLM servers into a service other people can depend on.')
  .version(version(), '-v, --version')
  .showHelpAfterError('(--help shows what there is)')
  .showSuggestionAfterError()
  .addHelpText(
    'after',
    '\nExamples:\n  spillway serve\n  spillway check spillway.yaml\n  spillway simulate --requests 2000 --seed 7\n',
  )

const wanted = process.argv[2]
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serveCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
  doctor: async () => (await import('./doctor/command.ts')).doctorCommand(),
  keys: async () => (await import('./keys.ts')).keysCommand(),
  ledger: async () => (await import('./ledger.ts')).ledgerCommand(),
  prices: async () => (await import('./prices.ts')).pricesCommand(),
  report: async () => (await import('./report.ts')).reportCommand(),
  recordings: async () => (await import('./recordings.ts')).recordingsCommand(),
  simulate: async () => (await import('./simulate.ts')).simulateCommand(),
  tune: async () => (await import('./tune.ts')).tuneCommand(),
  bench: async () => (await import('./bench/command.ts')).benchCommand(),
  cloud: async () => (await import('./cloud.ts')).cloudCommand(),
  audit: async () => (await import('./audit.ts')).auditCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
}

const isVersion = wanted === '--version' || wanted === '-v'
const named = wanted !== undefined && Object.hasOwn(commands, wanted) ? commands[wanted] : undefined
const needed = isVersion ? [] : named === undefined ? Object.values(commands) : [named]
for (const command of await Promise.all(needed.map((load) => load()))) program.addCommand(command)
await program.parseAsync()
