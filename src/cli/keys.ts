import { userInfo } from 'node:os'
import { Command, Option } from 'commander'
import { readKeyChange, readNewKey } from '../config/keys.ts'
import { settingsOf } from '../config/settings.ts'
import type { By } from '../core/change.ts'
import { Fault } from '../core/fault.ts'
import type { Settings } from '../core/settings.ts'
import { KeyDesk, type MadeKey } from '../keys/desk.ts'
import { readKey } from '../keys/format.ts'
import { pepperIn } from '../keys/pepper.ts'
import { withBooks } from './books.ts'
import { dataDirOf } from './data-dir.ts'
import { bodyOf, type ScopeFlags } from './key-flags.ts'
import { detailsOf, keyTable } from './key-lines.ts'
import { configOf } from './sources.ts'

interface Common {
  readonly config?: string
  readonly json?: true
}

export function keysCommand(): Command {
  const keys = new Command('keys')
    .description('Makes, lists, changes and takes back the keys of callers, whether a gateway runs or not.')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway keys create chat-ui --models "llama*" --rpm 60 --budget 5/day\n' +
        '  spillway keys create ci --cloud never --priority batch --expires 30d > ci.key\n' +
        '  spillway keys list\n  spillway keys set chat-ui --unset models --weight 2\n' +
        '  spillway keys rotate chat-ui --overlap 24h\n  spillway keys revoke chat-ui\n\n' +
        'A key is shown once, when it is made: alone on standard output, all else goes to standard error.\n' +
        'A gateway that runs takes up every change within a second.\n',
    )
  keys.addCommand(
    scoped(
      common(
        new Command('create').description('Makes a key and shows it.').argument('<name>', 'what its caller is called'),
      ),
    )
      .option('--env <env>', 'what it is for, to be seen in the key: live, test', 'live')
      .addHelpText(
        'after',
        '\nExamples:\n  spillway keys create chat-ui --models "llama*" --rpm 60 --budget 5/day\n  spillway keys create ci --cloud never --priority batch --expires 30d > ci.key\n',
      )
      .action((name: string, flags: Common & ScopeFlags & { env: string }) =>
        atDesk(flags, async (desk, settings) => {
          const isFirst = settings.callers.length === 0 && (await desk.list()).length === 0
          tellMade(await desk.create({ name, env: flags.env, ...bodyOf(flags) }, by()), flags)
          if (isFirst) console.error('From now on nobody may ask without a key, unless anonymous.allowed says so.')
        }),
      ),
  )
  keys.addCommand(
    common(new Command('list').description('Lists the keys.').option('--all', 'those that were revoked as well'))
      .addHelpText('after', '\nExamples:\n  spillway keys list\n  spillway keys list --all --json\n')
      .action((flags: Common & { all?: true }) =>
        atDesk(flags, async (desk) => {
          const all = (await desk.list()).filter(({ state }) => flags.all === true || state !== 'revoked')
          tell(flags, { keys: all }, all.length === 0 ? ['There are no keys.'] : keyTable(all))
        }),
      ),
  )
  keys.addCommand(
    common(new Command('show').description('Says what is known of a key.').argument('<key>', which))
      .addHelpText('after', '\nExamples:\n  spillway keys show chat-ui\n')
      .action((key: string, flags: Common) =>
        atDesk(flags, async (desk) => {
          const view = await desk.show(await idOf(desk, key))
          tell(flags, view, detailsOf(view))
        }),
      ),
  )
  keys.addCommand(
    common(new Command('rotate').description('Gives a key another secret, and shows it.').argument('<key>', which))
      .option('--overlap <duration>', 'how long the old one counts yet; 0 for no longer', '24h')
      .addHelpText('after', '\nExamples:\n  spillway keys rotate chat-ui\n  spillway keys rotate chat-ui --overlap 0\n')
      .action((key: string, flags: Common & { overlap: string }) =>
        atDesk(flags, async (desk) =>
          tellMade(await desk.rotate(await idOf(desk, key), { overlap: flags.overlap }, by()), flags),
        ),
      ),
  )
  keys.addCommand(
    scoped(common(new Command('set').description('Changes what a key may do.').argument('<key>', which)))
      .option('--unset <what>', 'as if it had never been said: team, models, budget, …', list)
      .addHelpText(
        'after',
        '\nExamples:\n  spillway keys set chat-ui --weight 2\n  spillway keys set chat-ui --unset models,budget\n',
      )
      .action((key: string, flags: Common & ScopeFlags & { unset?: readonly string[] }) =>
        atDesk(flags, async (desk) => {
          const view = await desk.change(await idOf(desk, key), bodyOf(flags, flags.unset), by())
          tell(flags, view, detailsOf(view))
        }),
      ),
  )
  keys.addCommand(
    common(new Command('revoke').description('Takes a key back for good.').argument('<key>', which))
      .addHelpText('after', '\nExamples:\n  spillway keys revoke chat-ui\n')
      .action((key: string, flags: Common) =>
        atDesk(flags, async (desk) => {
          const view = await desk.revoke(await idOf(desk, key), by())
          tell(flags, view, [`The key ${view.id} of ${view.name} is revoked.`])
        }),
      ),
  )
  return keys
}

const which = 'its id, the name of its caller, or the key itself'

const list = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(',').map((one) => one.trim()),
]

const common = (command: Command): Command =>
  command
    .option('-c, --config <file>', 'the configuration; spillway.yaml in this folder by default')
    .option('--json', 'for programs')

/** What a key may do, in flags. */
const scoped = (command: Command): Command =>
  command
    .option('--team <team>', 'one of teams in the configuration')
    .option(
      '--models <names>',
      'the models it may use, by commas; a name that ends in * stands for all that begin so',
      list,
    )
    .option('--dialects <families>', 'the dialects it may speak, by commas: openai, anthropic, ollama', list)
    .option('--addresses <networks>', 'where it may ask from, by commas: 10.0.0.1, 10.0.0.0/8', list)
    .addOption(
      new Option('--cloud <may>', 'whether its requests may leave for a server that costs money').choices([
        'allowed',
        'never',
      ]),
    )
    .addOption(
      new Option('--priority <class>', 'the highest it may ask for').choices(['interactive', 'default', 'batch']),
    )
    .option('--weight <number>', 'its share, relative to others of the same priority')
    .option('--rpm <requests>', 'requests a minute')
    .option('--tpm <tokens>', 'tokens a minute')
    .option('--concurrent <requests>', 'requests at once')
    .option(
      '--budget <amount/span>',
      'what it may use up: 5/day in dollars, 200000tokens/hour, 600gpu_seconds/week',
      list,
    )
    .option('--no-clamp', 'rather refuse an answer than cut it to what is left of a budget')
    .option('--patience <duration>', 'how long until the first token, where it does not say')
    .option('--deadline <duration>', 'how long until the whole answer, where it does not say')
    .option('--expires <when>', 'from then on it is not known: 30d, 2027-01-31')

/** Does something with the keys of the database that the configuration means, and ends with what went wrong. */
async function atDesk(
  { config: named }: Common,
  act: (desk: KeyDesk, settings: Settings) => Promise<void>,
): Promise<void> {
  const config = configOf(named)
  const settings = settingsOf(config)
  await withBooks(config, async (books) => {
    const desk = new KeyDesk({
      books,
      pepper: pepperIn({ dataDir: dataDirOf(config.data_dir), env: process.env }),
      clock: { epochMs: () => Date.now() },
      reading: { newKey: readNewKey, change: readKeyChange },
      settings: () => settings,
    })
    try {
      await act(desk, settings)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      console.error(error.message)
      process.exitCode = 1
    }
  })
}

/** By the id; or by the name of a caller who may ask; or by the key, of which nothing but the id is looked at. */
async function idOf(desk: KeyDesk, given: string): Promise<string> {
  if (given.startsWith('sk-sw-')) {
    const name = readKey(given)
    if (name === undefined) throw new Fault('bad-request', 'This key is not whole: a letter of it is wrong or missing.')
    return name.id
  }
  const keys = await desk.list()
  const found =
    keys.find(({ id }) => id === given) ?? keys.find(({ name, state }) => name === given && state !== 'revoked')
  if (found !== undefined) return found.id
  throw new Fault('bad-request', 'There is no such key. "spillway keys list" shows those that there are.')
}

function tellMade(made: MadeKey, { json }: Common): void {
  if (json === true) return console.log(JSON.stringify(made, undefined, 2))
  const { key, ...view } = made
  console.error(detailsOf(view).join('\n'))
  console.error('This is the only time that the key is shown:')
  console.log(key)
}

function tell({ json }: Common, view: object, lines: readonly string[]): void {
  console.log(json === true ? JSON.stringify(view, undefined, 2) : lines.join('\n'))
}

const by = (): By => ({ actor: `cli:${userInfo().username}` })
