#!/usr/bin/env node
import { Command } from 'commander'
import { version } from '../version.ts'

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
const isVersion = wanted === '--version' || wanted === '-v'
if (!isVersion) {
  const { commands } = await import('./commands.ts')
  const named = wanted !== undefined && Object.hasOwn(commands, wanted) ? commands[wanted] : undefined
  const needed = named === undefined ? Object.values(commands) : [named]
  for (const command of await Promise.all(needed.map((load) => load()))) program.addCommand(command)
}
await program.parseAsync()
