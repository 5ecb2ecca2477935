import { Command } from 'commander'
import { sentence } from '../config/problem.ts'
import { settingsOf } from '../config/settings.ts'
import { configFile, explain, readSource } from './sources.ts'

export function checkCommand(): Command {
  return new Command('check')
    .description('Says what is wrong with a configuration: file, line, column, and what to write instead.')
    .argument('[file]', 'the configuration; spillway.yaml in this folder by default')
    .option('-c, --config <file>', 'the same')
    .addHelpText('after', '\nExamples:\n  spillway check\n  spillway check deploy/spillway.yaml\n')
    .action(async (file: string | undefined, options: { config?: string }) => {
      const named = configFile(file ?? options.config)
      if (named === undefined) {
        console.error('There is no spillway.yaml in this folder; name a file: spillway check FILE.')
        process.exit(1)
      }
      const { config, warnings } = await readSource(named).catch(explain)
      for (const warning of warnings) console.log(`warning: ${sentence(warning)}`)
      for (const { name, backend, origin, basePath, tier, concurrency } of settingsOf(config).upstreams) {
        console.log(`${name}: ${backend.title} at ${origin}${basePath}, tier ${tier}, concurrency ${concurrency}`)
      }
      console.log(`${named} is fine.`)
    })
}
