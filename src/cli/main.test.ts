import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { commands } from './commands.ts'
import { spillway } from './process.test-helper.ts'

const rootOf = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))

test('--version is that of the package', async (t) => {
  const { version } = JSON.parse(readFileSync(rootOf('package.json'), 'utf8')) as { version: string }
  assert.deepEqual(await spillway(t, ['--version']).ended, { code: 0, out: `${version}\n`, err: '' })
})

/** What is typed to get to it, and its help. */
function helpsOf(command: Command, before: string): readonly (readonly [typed: string, help: string])[] {
  const typed = `${before} ${command.name()}`
  let help = ''
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
  return [[typed, help], ...command.commands.flatMap((one) => helpsOf(one, typed))]
}

test('--help names every command, and the help of each and of what is below it has examples and no lists of nothing', async (t) => {
  const { code, out } = await spillway(t, ['--help']).ended
  assert.equal(code, 0)
  for (const [name, load] of Object.entries(commands)) {
    assert.match(out, new RegExp(`^  ${name}(?: \\[| {2})`, 'm'))
    for (const [typed, help] of helpsOf(await load(), 'spillway')) {
      assert.match(help, new RegExp(`\nExamples:\n  ${typed}`), typed)
      assert.doesNotMatch(help, /default: \[\]/, typed)
    }
  }
})

test('a command that does not exist, or an option, is one sentence with a hint and exit code 1', async (t) => {
  const [command, option, inherited] = await Promise.all([
    spillway(t, ['srve']).ended,
    spillway(t, ['check', '--prob']).ended,
    spillway(t, ['constructor']).ended,
  ])
  assert.match(command.err, /unknown command 'srve'\n\(Did you mean serve\?\)/)
  assert.match(option.err, /unknown option '--prob'\n\(Did you mean --probe\?\)/)
  assert.deepEqual([command.code, option.code, inherited.code], [1, 1, 1])
})

/** What the installed command says when it is run by a Node of this version. */
function saidOn(version: string): { readonly status: number | null; readonly said: string } {
  const bin = readFileSync(rootOf('bin/spillway.js'), 'utf8')
  // Instead of the built package, which a checkout does not have.
  const script = bin.replace(/^#!.*/, '').replace("void import('../dist/cli/main.js')", "console.error('started')")
  const node = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } });
    Object.defineProperty(process, 'version', { value: 'v${version}' });`
  const { status, stderr } = spawnSync(process.execPath, ['--eval', node + script], { encoding: 'utf8' })
  return { status, said: stderr }
}

test('an old Node is told in one sentence which one is needed', () => {
  for (const version of ['12.22.12', '20.20.2', '24.15.0', '25.9.0', '26.0.0']) {
    assert.deepEqual(saidOn(version), {
      status: 1,
      said: `Spillway needs Node 24.16 or newer (not 25); this is v${version}.\n`,
    })
  }
  for (const version of ['24.16.0', '26.1.0', '27.0.0'])
    assert.deepEqual(saidOn(version), { status: 0, said: 'started\n' })
})
