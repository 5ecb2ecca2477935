import type { Command } from 'commander'

/** All that `spillway` can be told to do, each loaded when it is wanted. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serveCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
  doctor: async () => (await import('./doctor/command.ts')).doctorCommand(),
  keys: async () => (await import('./keys.ts')).keysCommand(),
  ledger: async () => (await import('./ledger.ts')).ledgerCommand(),
  prices: async () => (await import('./prices.ts')).pricesCommand(),
  report: async () => (await import('./report.ts')).reportCommand(),
  recordings: async () => (await import('./recordings.ts')).recordingsCommand(),
  top: async () => (await import('./top.ts')).topCommand(),
  simulate: async () => (await import('./simulate.ts')).simulateCommand(),
  tune: async () => (await import('./tune.ts')).tuneCommand(),
  bench: async () => (await import('./bench/command.ts')).benchCommand(),
  cloud: async () => (await import('./cloud.ts')).cloudCommand(),
  audit: async () => (await import('./audit.ts')).auditCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
}
