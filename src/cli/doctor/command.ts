import { Command } from 'commander'
import { gather } from './gather/index.ts'
import { isWell, jsonOf, linesOf, textOf } from './report.ts'

interface DoctorOptions {
  readonly config?: string
  readonly json?: true
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Looks at everything that the gateway needs, and says what to do about what is not as it should be.')
    .option('-c, --config <file>', 'the configuration; spillway.yaml in this folder by default')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway doctor\n  spillway doctor --config spillway.yaml\n  spillway doctor --json\n\n' +
        'It changes nothing and loads no model. It may be run beside a gateway, whose own word it then tells as well.\n' +
        'Ends with 0 when nothing failed, and with 1 when something did.\n',
    )
    .action(doctor)
}

async function doctor({ config, json }: DoctorOptions): Promise<void> {
  const lines = linesOf(await gather(config))
  console.log(json === true ? JSON.stringify(jsonOf(lines), undefined, 2) : textOf(lines))
  if (!isWell(lines)) process.exitCode = 1
}
